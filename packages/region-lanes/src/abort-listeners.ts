/**
 * Who wants to hear of a signal.
 *
 * Invariant: a signal has one listener of ours while anybody wants to hear of it, and none otherwise. Each wait of a device may have the same
 * signal, and Node.js 20 warns of a leak at the eleventh listener.
 */
interface Audience {
  readonly listeners: Set<() => void>
  readonly tellAll: () => void
}

const audiences = new WeakMap<AbortSignal, Audience>()

function audienceOf(signal: AbortSignal): Audience {
  const known = audiences.get(signal)
  if (known !== undefined) return known
  const listeners = new Set<() => void>()
  const audience: Audience = {
    listeners,
    tellAll: () => {
      for (const listener of listeners) listener()
    },
  }
  audiences.set(signal, audience)
  signal.addEventListener('abort', audience.tellAll)
  return audience
}

/** Calls `listener` when the signal is aborted, until the returned function is called. */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  const { listeners, tellAll } = audienceOf(signal)
  listeners.add(listener)
  return () => {
    // Who stops twice must not end what others have begun since.
    if (!listeners.delete(listener) || listeners.size > 0) return
    signal.removeEventListener('abort', tellAll)
    audiences.delete(signal)
  }
}
