import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { afterAll, expect } from 'vitest'
import type { ImageShare } from './stack.ts'

/** How long a job may take before it counts as hanging. */
const PATIENCE_MS = 20_000

/** What `joining-thread.test-support.ts` does with an image that it joins. */
export interface JoiningJob {
  readonly share: ImageShare
  /** The byte that it fills sectors with, and which ones. */
  readonly mark: number
  readonly lbas: readonly number[]
  readonly drive: 'blocking' | 'asynchronous'
}

function startThread(): Worker {
  const script = new URL('joining-thread.test-support.ts', import.meta.url)
  return new Worker(script, { execArgv: ['--conditions=@bttkit/source'] })
}

/** Threads that wait for a job. To start one takes longer than most jobs. */
const idle: Worker[] = []

afterAll(async () => {
  await Promise.all(idle.splice(0).map((thread) => thread.terminate()))
})

/** @throws what the thread failed with, or that it hangs or ended */
async function replyOf(thread: Worker): Promise<void> {
  const over = new AbortController()
  const { signal } = over
  const patience = AbortSignal.timeout(PATIENCE_MS)
  const endedEarly = once(thread, 'exit', { signal }).then(() =>
    expect.fail('the thread ended without a word'),
  )
  try {
    await Promise.race([once(thread, 'message', { signal: AbortSignal.any([signal, patience]) }), endedEarly])
  } finally {
    over.abort()
  }
}

/** Has a thread of its own join the image, with a new stack, do its part and close. What fails there fails here. */
export async function runJoining(job: JoiningJob): Promise<void> {
  const thread = idle.pop() ?? startThread()
  try {
    thread.postMessage(job)
    await replyOf(thread)
    idle.push(thread)
  } catch (error) {
    await thread.terminate()
    throw error
  }
}
