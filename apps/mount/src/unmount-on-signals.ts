import { MountError } from '@bttkit/interfaces'
import { STOP_SIGNALS, describeError } from '@bttkit/command-line'
import type { MountedImage } from './mount-image.ts'

/**
 * Unmounts at a signal, and at each further one until it succeeds: a mount that is in use goes on, because who uses it has a right to their disk. Says
 * so on standard error. Returns what takes this back.
 */
export function unmountOnSignals(mounted: MountedImage, programName: string): () => void {
  let unmounting = false
  let hasEnded = false
  const noteEnd = (): void => void (hasEnded = true)
  mounted.ended.then(noteEnd, noteEnd)
  const stop = (): void => {
    // A terminal and whoever started us may both pass on one interrupt.
    if (unmounting) return
    unmounting = true
    mounted.unmount().catch((error: unknown) => {
      unmounting = false
      // The mount is gone, and closing the image failed. That is told by whoever waits for the end.
      if (hasEnded) return
      const isGone = error instanceof MountError && error.errno === 'EINVAL'
      const what = isGone ? 'it ends when nobody uses it any more' : 'still serving'
      process.stderr.write(`${programName}: ${describeError(error)}; ${what}\n`)
    })
  }
  for (const signal of STOP_SIGNALS) process.on(signal, stop)
  return () => {
    for (const signal of STOP_SIGNALS) process.off(signal, stop)
  }
}
