import { STOP_SIGNALS } from '@bttkit/command-line'

/** Runs `body`; the first signal to stop ends the run with its report, a second one the program. */
export async function untilStopped<T>(body: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController()
  const forget = (): void => {
    for (const signal of STOP_SIGNALS) process.off(signal, end)
  }
  const end = (): void => {
    forget()
    stop.abort()
  }
  for (const signal of STOP_SIGNALS) process.on(signal, end)
  try {
    return await body(stop.signal)
  } finally {
    forget()
  }
}
