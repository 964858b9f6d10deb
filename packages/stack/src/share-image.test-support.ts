import { Worker } from 'node:worker_threads'
import type { ImageShare } from './stack.ts'

/** How long a thread may take before the test says that it hangs. */
const PATIENCE_MS = 20_000

/** What `joining-thread.test-support.ts` does with an image that it joins. */
export interface JoiningJob {
  readonly share: ImageShare
  /** The byte that it fills sectors with, and which ones. */
  readonly mark: number
  readonly lbas: readonly number[]
  readonly drive: 'blocking' | 'asynchronous'
}

/** Runs a thread to its end. */
export async function runJoining(workerData: JoiningJob): Promise<void> {
  const worker = new Worker(new URL('joining-thread.test-support.ts', import.meta.url), {
    workerData,
    execArgv: ['--conditions=@bttkit/source'],
  })
  let patience: ReturnType<typeof setTimeout> | undefined
  try {
    await new Promise<void>((resolve, reject) => {
      patience = setTimeout(() => reject(new Error('the thread hangs')), PATIENCE_MS)
      worker.once('message', () => resolve())
      worker.once('error', reject)
      worker.once('exit', () => reject(new Error('the thread ended without a word')))
    })
  } finally {
    clearTimeout(patience)
    await worker.terminate()
  }
}
