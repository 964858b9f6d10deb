import { STOP_SIGNALS } from '@bttkit/command-line'

/**
 * Puts off the signals that stop a program until the function that this returns has been called: who died between making a mount and having it
 * watched would leave a mount point that answers nobody.
 */
export function holdSignals(): () => void {
  let held: NodeJS.Signals | undefined
  const hold = (signal: NodeJS.Signals): void => {
    held ??= signal
  }
  for (const signal of STOP_SIGNALS) process.on(signal, hold)
  return () => {
    // Not at once: by the next turn of the event loop whoever called us listens to signals, if they mean to.
    setImmediate(() => {
      for (const signal of STOP_SIGNALS) process.off(signal, hold)
      if (held !== undefined) process.kill(process.pid, held)
    })
  }
}
