import { rmSync } from 'node:fs'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * From now on until the returned function is called, a signal that ends the program removes a half-made file first.
 */
export function removeWhenInterrupted(path: string): () => void {
  const forget = (): void => {
    for (const signal of SIGNALS) process.off(signal, end)
  }
  const end = (signal: NodeJS.Signals): void => {
    forget()
    rmSync(path, { force: true })
    // Now that nobody listens, it ends the program, as it would have without us.
    process.kill(process.pid, signal)
  }
  for (const signal of SIGNALS) process.on(signal, end)
  return forget
}
