import { Worker } from 'node:worker_threads'
import type { MortalJob, VictimJob } from './mortal-thread.test-support.ts'

/** How long threads may take before the test says that they hang. */
export const PATIENCE_MS = 15_000
const workers = new Set<Worker>()

export async function endAll(): Promise<void> {
  await Promise.all([...workers].map((worker) => worker.terminate()))
  workers.clear()
}

export function start(job: MortalJob): Worker {
  const worker = new Worker(new URL('mortal-thread.test-support.ts', import.meta.url), {
    workerData: job,
    execArgv: ['--conditions=@bttkit/source'],
  })
  workers.add(worker)
  return worker
}

const within = async <T>(what: string, promise: Promise<T>): Promise<T> => {
  let patience: ReturnType<typeof setTimeout> | undefined
  const hang = new Promise<never>((_, reject) => {
    patience = setTimeout(() => reject(new Error(`${what} takes too long`)), PATIENCE_MS)
  })
  try {
    return await Promise.race([promise, hang])
  } finally {
    clearTimeout(patience)
  }
}

/** The next word of a thread. */
export const word = (worker: Worker): Promise<unknown> =>
  within(
    'a word of a thread',
    new Promise((resolve, reject) => {
      worker.once('message', resolve)
      worker.once('error', reject)
    }),
  )

/** Ends a victim in the way of its job. */
export async function kill(victim: Worker, end: VictimJob['end']): Promise<void> {
  if (end === 'sleeps' || end === 'runs') {
    await victim.terminate()
    return
  }
  // One that throws says so as an error of the worker, which ends the test unless somebody listens.
  victim.once('error', () => {})
  const ended = new Promise((resolve) => void victim.once('exit', resolve))
  victim.postMessage('end')
  await within('the end of a thread', ended)
}
