import { CommandError, STOP_SIGNALS } from '@bttkit/command-line'

/**
 * Runs `work` so that a signal ends it where it can be ended, and what it made is cleaned away. A second signal ends the program at once.
 */
export async function abortOnSignals<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const release = (): void => {
    for (const signal of STOP_SIGNALS) process.off(signal, abort)
  }
  const abort = (): void => {
    release()
    controller.abort(new CommandError('interrupted'))
  }
  for (const signal of STOP_SIGNALS) process.on(signal, abort)
  try {
    return await work(controller.signal)
  } finally {
    release()
  }
}
