import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

const ROUND_MS = 50

/** Waits until it is so. @throws {Error} when it is not after so many milliseconds */
export async function until(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  limitMs: number,
): Promise<void> {
  const end = performance.now() + limitMs
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`after ${limitMs} ms there is still no ${what}`)
    await sleep(ROUND_MS)
  }
}

/** Waits for a file, which the guest makes to say something. */
export async function untilThere(path: string, limitMs: number): Promise<void> {
  await until(path, () => existsSync(path), limitMs)
}
