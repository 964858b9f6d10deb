import { Worker } from 'node:worker_threads'
import type { ThreadPlace } from '@bttkit/interfaces'

/** Rounds that never come to an end within a test. */
export const NEVER_MS = 60_000
/** How long threads may take before the test says that they hang. */
const PATIENCE_MS = 20_000

export const sharedWords = (count: number): Int32Array<SharedArrayBuffer> =>
  new Int32Array(new SharedArrayBuffer(count * 4))

/** Lets waiters that await register, and wake-ups that were given come. No test fails where it is too short; it only sees less. */
export const turn = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, 1))

/** A thread that recovers nobody; `recoverDead` is told when it is asked to. */
export const place = (number = 1, recoverDead = (): void => {}): ThreadPlace => ({
  number,
  *recoverDead() {
    recoverDead()
  },
})

export interface Job {
  readonly what: 'locks' | 'lanes static' | 'lanes first-idle' | 'nothing' | 'reader' | 'writer'
  readonly how: 'blocking' | 'async'
  readonly rounds: number
  /** How many tasks of the thread do the rounds side by side; where it awaits. Default: 1. */
  readonly tasks?: number
  /** The words of the locks, lanes or read tracking. */
  readonly words: Int32Array
  /** Plain data that they protect. */
  readonly data: Int32Array
  /** How many threads stand at the start; they go when all do. */
  readonly start: Int32Array
  readonly threads: number
  readonly number: number
}

export type JobOfAll = Omit<Job, 'start' | 'threads' | 'number'>

/** Runs one thread a job, all at once, to their ends; what each of them found. */
export async function runThreads(jobs: readonly JobOfAll[]): Promise<number[]> {
  const start = sharedWords(1)
  const workers = jobs.map((job, number) => {
    const workerData: Job = { ...job, start, threads: jobs.length, number }
    return new Worker(new URL('thread.test-support.ts', import.meta.url), {
      workerData,
      execArgv: ['--conditions=@bttkit/source'],
    })
  })
  let patience: ReturnType<typeof setTimeout> | undefined
  try {
    const found = workers.map(
      (worker) =>
        new Promise<number>((resolve, reject) => {
          worker.once('message', resolve)
          worker.once('error', reject)
          worker.once('exit', () => reject(new Error('a thread ended without a word')))
        }),
    )
    const hang = new Promise<never>((_, reject) => {
      patience = setTimeout(() => reject(new Error('the threads hang')), PATIENCE_MS)
    })
    return await Promise.race([Promise.all(found), hang])
  } finally {
    clearTimeout(patience)
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
}
