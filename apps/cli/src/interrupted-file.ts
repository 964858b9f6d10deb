import { closeSync, openSync, rmSync } from 'node:fs'
import { STOP_SIGNALS } from '@bttkit/command-line'

/**
 * From now on until the returned function is called, a signal that ends the program removes a half-made file first.
 *
 * @param isOurs asked at the signal: whether the file was made here
 */
export function removeWhenInterrupted(path: string, isOurs: () => boolean): () => void {
  const forget = (): void => {
    for (const signal of STOP_SIGNALS) process.off(signal, end)
  }
  const end = (signal: NodeJS.Signals): void => {
    forget()
    if (isOurs()) rmSync(path, { force: true })
    // Now that nobody listens, it ends the program, as it would have without us.
    process.kill(process.pid, signal)
  }
  for (const signal of STOP_SIGNALS) process.on(signal, end)
  return forget
}

/**
 * Makes an empty file, which a signal that ends the program removes again until the returned function is called. `undefined` when there is
 * something of that name.
 *
 * Made synchronously: no signal is handled between the making and the knowledge of it.
 */
export function makeFile(path: string): (() => void) | undefined {
  let isMade = false
  const forget = removeWhenInterrupted(path, () => isMade)
  try {
    closeSync(openSync(path, 'wx'))
    isMade = true
    return forget
  } catch (error) {
    forget()
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return undefined
    throw error
  }
}
