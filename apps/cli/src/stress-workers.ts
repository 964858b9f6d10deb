/** The threads of a run: starts them, ends them in time, and collects what they found. */
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { failedResult, type StressPlan, type StressWords, type ThreadResult } from '@bttkit/checker-lanes'
import type { ImageShare } from '@bttkit/stack'
import type { StressRequest, StressSurroundings } from './stress-request.ts'

/** All that a thread is told. */
export interface WorkerInput {
  readonly share: ImageShare
  readonly request: StressRequest
  readonly plan: StressPlan
  readonly words: SharedArrayBuffer
  readonly worker: number
}

/** The only message of a thread. */
export type WorkerMessage = { readonly result: ThreadResult } | { readonly failed: string }

/** What the tasks found, and how long they ran. */
export interface TaskRun {
  readonly threads: readonly ThreadResult[]
  readonly elapsedMs: number
}

/** No operation takes so long that nobody begins another for all this time. */
const HANGS_AFTER_MS = 30_000
const LOOK_EVERY_MS = 50

class StressThread {
  /** Never rejects: a thread that fails is a finding. */
  readonly result: Promise<ThreadResult>
  private readonly thread: Worker

  constructor(input: WorkerInput) {
    const { worker } = input
    // The thread's module lies beside this one, compiled or not.
    this.thread = new Worker(new URL(`stress-worker${extname(import.meta.url)}`, import.meta.url), {
      workerData: input,
    })
    this.result = new Promise((resolve) => {
      this.thread.on('message', (message: WorkerMessage) => {
        resolve('result' in message ? message.result : failedResult(message.failed, 'WORKER'))
      })
      this.thread.on('error', (error) => {
        resolve(failedResult(`worker ${worker} died: ${String(error)}`, 'WORKER'))
      })
      this.thread.on('exit', () => resolve(failedResult(`worker ${worker} ended without a result`, 'WORKER')))
    })
  }

  async end(): Promise<void> {
    await this.thread.terminate()
  }
}

/** Watches a run from the main thread, until `cancel`, and stops it in time. Time counts from when all threads are at work. */
class RunClock {
  /** Resolves when no thread has begun an operation for long. */
  readonly hangs: Promise<void>
  private readonly words: StressWords
  private readonly limitMs: number
  private readonly surroundings: StressSurroundings
  private timer: NodeJS.Timeout | undefined
  private startedMs: number | undefined
  private operations = 0
  private movedMs = performance.now()

  constructor(words: StressWords, limitMs: number, surroundings: StressSurroundings) {
    this.words = words
    this.limitMs = limitMs
    this.surroundings = surroundings
    this.hangs = new Promise((resolve) => {
      this.timer = setInterval(() => {
        if (this.look(performance.now())) resolve()
      }, LOOK_EVERY_MS)
    })
  }

  /** Milliseconds since all threads are at work. */
  get elapsedMs(): number {
    return this.startedMs === undefined ? 0 : performance.now() - this.startedMs
  }

  cancel(): void {
    clearInterval(this.timer)
  }

  /** Whether the run hangs. */
  private look(nowMs: number): boolean {
    const { words, limitMs } = this
    const { signal, onProgress } = this.surroundings
    if (words.haveAllBegun) this.startedMs ??= nowMs
    if (signal.aborted || this.elapsedMs >= limitMs) words.stop()
    onProgress(words.bytesMoved)
    if (words.operations !== this.operations) this.movedMs = nowMs
    this.operations = words.operations
    return nowMs - this.movedMs >= HANGS_AFTER_MS
  }
}

/** Runs all threads to their ends. One that dies or hangs is a failure in the report, and ends the run. */
export async function stressWorkers(
  share: ImageShare,
  request: StressRequest,
  plan: StressPlan,
  words: StressWords,
  surroundings: StressSurroundings,
): Promise<TaskRun> {
  const threads = Array.from(
    { length: request.workers },
    (_, worker) => new StressThread({ share, request, plan, words: words.buffer, worker }),
  )
  const clock = new RunClock(words, request.limitMs, surroundings)
  const hang = clock.hangs.then(() =>
    failedResult(`no operation has begun for ${HANGS_AFTER_MS / 1000} seconds`, 'HANG'),
  )
  const resultOf = async (thread: StressThread): Promise<ThreadResult> => {
    const result = await Promise.race([thread.result, hang])
    // One that ends by itself ends the run for all.
    words.stop()
    return result
  }
  try {
    const results = await Promise.all(threads.map(resultOf))
    return { threads: results, elapsedMs: clock.elapsedMs }
  } finally {
    clock.cancel()
    await Promise.all(threads.map((thread) => thread.end()))
  }
}
