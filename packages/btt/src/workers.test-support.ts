/** Starting and stopping the workers of worker.test-support.ts, and images that several threads attach. */
import { runAsync, runAtomic } from '@bttkit/sleepable'
import type { AttachOptions, BttDevice } from '@bttkit/interfaces'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { Disk } from './disk.test-support.ts'
import { MIB, engine, freshMemory } from './engine.test-support.ts'
import { storageNamed, type TestStorage } from './storages.test-support.ts'
import type { Job, ProviderSpec, Reply } from './worker.test-support.ts'

/** How long anything may take before the test says that it hangs. */
const PATIENCE_MS = 20_000

export async function patiently<T>(what: string, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const hang = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} hangs`)), PATIENCE_MS)
  })
  try {
    return await Promise.race([promise, hang])
  } finally {
    clearTimeout(timer)
  }
}

/** Waits for a condition that another thread makes true. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`${what} does not happen`)
    await new Promise((resolve) => void setTimeout(resolve, 1))
  }
}

export class TestWorker {
  private readonly worker = new Worker(new URL('worker.test-support.ts', import.meta.url), {
    execArgv: ['--conditions=@bttkit/source'],
  })

  /** Starts a job; the promise is its end. */
  async run(job: Job): Promise<Reply> {
    const { worker } = this
    const ended = new AbortController()
    const { signal } = ended
    worker.postMessage(job)
    try {
      const reply = once(worker, 'message', { signal })
      const exit = once(worker, 'exit', { signal }).then(() => {
        throw new Error('the worker ended without a word')
      })
      const [message]: unknown[] = await Promise.race([reply, exit])
      return message as Reply
    } finally {
      ended.abort()
    }
  }

  async terminate(): Promise<void> {
    await this.worker.terminate()
  }
}

const pristine = freshMemory(17 * MIB, { externalLbasize: 512, nfree: 4 }).mapping

/** An image of 512-byte sectors that threads share, each with a provider of its own. */
export class SharedImage {
  readonly spec: ProviderSpec
  private readonly disk: Disk

  constructor(storage: TestStorage) {
    this.disk = new Disk(storage, pristine, true)
    this.spec = { storage: storage.name, share: this.disk.share() }
  }

  attach(options: AttachOptions = {}): Promise<BttDevice> {
    return runAsync(engine.attach(this.disk.open(), { threads: true, ...options }))
  }

  bytes(): Uint8Array {
    return this.disk.bytes()
  }

  /** What a fresh attach reads, of a copy. */
  readAgain(sectors: number): Uint8Array {
    const target = new Uint8Array(512 * sectors)
    using copy = new Disk(storageNamed('memory'), this.bytes())
    runAtomic(engine.attach(copy.open())).atomic.read(0, target)
    return target
  }

  [Symbol.dispose](): void {
    this.disk[Symbol.dispose]()
  }
}
