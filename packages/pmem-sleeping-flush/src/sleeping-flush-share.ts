import type { ProviderShare } from '@bttkit/interfaces'

export const SLEEPING_FLUSH_SCHEME = 'sleeping-flush'

/** What another thread makes the same storage from. */
export interface SleepingFlushHandle {
  readonly inner: ProviderShare
  readonly flushDelayMs: number
}

export function sleepingFlushShare(inner: ProviderShare, flushDelayMs: number): ProviderShare {
  const handle: SleepingFlushHandle = { inner, flushDelayMs }
  return { scheme: SLEEPING_FLUSH_SCHEME, handle }
}

function isSleepingFlushHandle(value: unknown): value is SleepingFlushHandle {
  return typeof value === 'object' && value !== null && 'inner' in value && 'flushDelayMs' in value
}

/** @throws {TypeError} for a share that is not of a sleeping flush. */
export function sleepingFlushHandleOf({ scheme, handle }: ProviderShare): SleepingFlushHandle {
  if (scheme === SLEEPING_FLUSH_SCHEME && isSleepingFlushHandle(handle)) return handle
  throw new TypeError(`a share of '${scheme}:' is not one of storage whose flush sleeps`)
}
