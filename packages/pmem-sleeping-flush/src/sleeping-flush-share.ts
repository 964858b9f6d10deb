import type { ProviderShare } from '@bttkit/interfaces'
import type { FlushDelay } from './flush-delay.ts'

export const SLEEPING_FLUSH_SCHEME = 'sleeping-flush'

/** What another thread makes the same storage from. */
export interface SleepingFlushHandle {
  readonly inner: ProviderShare
  readonly options: { readonly flushDelayMs: FlushDelay; readonly flushQueue: number }
}

export function sleepingFlushShare(
  inner: ProviderShare,
  options: SleepingFlushHandle['options'],
): ProviderShare {
  const handle: SleepingFlushHandle = { inner, options }
  return { scheme: SLEEPING_FLUSH_SCHEME, handle }
}

function isSleepingFlushHandle(value: unknown): value is SleepingFlushHandle {
  return typeof value === 'object' && value !== null && 'inner' in value && 'options' in value
}

/** Whether the options are possible is for the provider to check. @throws {TypeError} for a share that is not of a sleeping flush. */
export function sleepingFlushHandleOf({ scheme, handle }: ProviderShare): SleepingFlushHandle {
  if (scheme === SLEEPING_FLUSH_SCHEME && isSleepingFlushHandle(handle)) return handle
  throw new TypeError(`a share of '${scheme}:' is not one of storage whose flush sleeps`)
}
