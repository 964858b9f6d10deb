/** What the engine makes of the promises of storage, for those who want to know without an attachment. */
import { UnsafeProviderError, type PmemProvider, type ProviderCapabilities } from '@bttkit/interfaces'
import { Storage } from './storage.ts'

const LINE_BYTES = 64

/**
 * Whether both halves of a flog entry are made durable together.
 *
 * @param flogStart byte of the storage at which the flog starts
 */
export function mergesFlogHalves(
  { sameLineOrdered }: Pick<ProviderCapabilities, 'sameLineOrdered'>,
  flogStart: number,
): boolean {
  return sameLineOrdered && flogStart % LINE_BYTES === 0
}

/** Why nothing would be written on this storage, whatever is on it; undefined where it would. */
export function whyUnsafeToWrite(provider: PmemProvider): string | undefined {
  try {
    new Storage(provider).assertSafeToWrite()
  } catch (error) {
    if (!(error instanceof UnsafeProviderError)) throw error
    // Its place is the storage, which the caller knows.
    return error.message.replace(`${provider.name}: `, '')
  }
  return undefined
}
