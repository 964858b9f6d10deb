/** Opening what a command was asked to work on, and closing it however the work ends. */
import type { Command } from 'commander'
import type { BttDevice, PmemProvider, Zeroing } from '@bttkit/interfaces'
import { inspect, type Inspection } from '@bttkit/btt'
import { commonOptions, openStack } from '@bttkit/command-line'
import { runAsync } from '@bttkit/sleepable'
import type { Stack } from '@bttkit/stack'

export type Access = 'reading' | 'writing'

/** An image, and what it takes to open it. */
export interface ImageToOpen {
  readonly stack: Stack
  readonly image: string
  readonly namespaceOffset: number | undefined
  /** Default: as it suits the image. */
  readonly zeroing?: Zeroing | undefined
}

/** The image by this name, as the options of the command say to open it. Nothing is opened yet. */
export async function imageOf(command: Command, image: string): Promise<ImageToOpen> {
  return { stack: await openStack(command), image, namespaceOffset: commonOptions(command).offset }
}

async function closingAfter<T>(
  closable: Pick<PmemProvider, 'close'> | Pick<BttDevice, 'close'>,
  body: () => Promise<T>,
): Promise<T> {
  let result: T
  try {
    result = await body()
  } catch (error) {
    try {
      await closable.close()
    } catch {
      // What stopped the work says more than what came of it.
    }
    throw error
  }
  await closable.close()
  return result
}

/** Attaches a BTT for `body`. For reading, nothing of it is modified and others may read it, too. */
export async function withDevice<T>(
  target: ImageToOpen,
  access: Access,
  body: (device: BttDevice) => Promise<T>,
): Promise<T> {
  const { stack, image, namespaceOffset, zeroing } = target
  const device = await stack.openImage(image, { readOnly: access === 'reading', namespaceOffset, zeroing })
  return closingAfter(device, () => body(device))
}

/** Opens the storage of an image for `body`, without looking at what is on it. */
export async function withStorage<T>(
  target: ImageToOpen,
  createSizeBytes: number | undefined,
  body: (provider: PmemProvider) => Promise<T>,
): Promise<T> {
  const options = { readOnly: false, ...(createSizeBytes === undefined ? {} : { createSizeBytes }) }
  const provider = await target.stack.openProvider(target.image, options)
  return closingAfter(provider, () => body(provider))
}

/** Opens the storage of an image for reading, without looking at what is on it: nothing is modified, and others may read it, too. */
export async function withReadableStorage<T>(
  target: ImageToOpen,
  body: (provider: PmemProvider) => Promise<T>,
): Promise<T> {
  const provider = await target.stack.openProvider(target.image, { readOnly: true })
  return closingAfter(provider, () => body(provider))
}

/** Shows `body` what is on the media, as it is, and the storage: nothing is attached, recovered or modified. */
export async function withInspection<T>(
  target: ImageToOpen,
  body: (inspection: Inspection, provider: PmemProvider) => Promise<T>,
): Promise<T> {
  return withReadableStorage(target, async (provider) => {
    const inspection = await runAsync(inspect(provider, target.namespaceOffset))
    return body(inspection, provider)
  })
}
