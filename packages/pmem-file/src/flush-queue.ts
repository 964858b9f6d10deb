import { errnoOf, explainErrno } from '@bttkit/image-file'
import {
  CannotBlockError,
  ClosedError,
  ProviderIoError,
  type Place,
  type Wait,
  type WaitSubject,
} from '@bttkit/interfaces'
import type { SystemCalls } from './system-calls.ts'

const nothing = (): void => {}

/** Everyone who waits for one fdatasync. */
class Batch {
  resolve: () => void = nothing
  reject: (error: unknown) => void = nothing
  readonly promise = new Promise<void>((resolve, reject) => {
    this.resolve = resolve
    this.reject = reject
  })
}

/**
 * The flushes of one open file.
 *
 * 1. At most one asynchronous fdatasync is under way.
 * 2. A flush is over only when an fdatasync that *started* after it was asked for has succeeded: one that was under way
 *    already may have passed by the writes that the flush is for. So those who come meanwhile share the next one.
 * 3. After one failure nothing succeeds any more. The kernel reports lost pages once to each open file and then
 *    takes them for clean: a second fdatasync would succeed, and the caller would believe in writes that are gone.
 */
export class FlushQueue {
  private readonly fd: number
  private readonly place: Place
  private readonly subject: WaitSubject
  private readonly system: SystemCalls
  /** How many fdatasync calls were started, and the number of the last that succeeded. */
  private started = 0
  private succeeded = 0
  private running: Batch | undefined
  private next: Batch | undefined
  private failure: ProviderIoError | undefined
  private closed = false

  constructor(fd: number, image: string, sizeBytes: number, system: SystemCalls) {
    this.fd = fd
    this.place = { image }
    this.subject = { object: 'provider', kind: 'flush', start: 0, end: sizeBytes }
    this.system = system
  }

  /** @throws {ProviderIoError} after a flush has failed, with that failure as its cause. */
  checkHealthy(): void {
    const cause = this.failure
    if (cause === undefined) return
    const detail =
      'an earlier flush failed, so what is stored is unknown until the file is opened again and checked'
    throw new ProviderIoError(this.place, detail, cause.errno, { cause })
  }

  /** A flush of all writes that are complete now. It starts when `then` or `block` of the wait is called first. */
  request(): Wait {
    this.checkHealthy()
    const asked = this.started
    let begun: Promise<void> | undefined
    return {
      on: this.subject,
      // oxlint-disable-next-line unicorn/no-thenable -- a wait is a thenable by contract
      then: (...callbacks) => {
        begun ??= this.begin(asked)
        return begun.then(...callbacks)
      },
      block: () => this.block(asked),
    }
  }

  /** Flushes on the calling thread. */
  flushNow(): void {
    this.block(this.started)
  }

  /** Refuses what is not begun yet; answers with a promise of the end of what is, which never rejects. */
  close(): Promise<void> | undefined {
    this.closed = true
    const last = this.next ?? this.running
    return last?.promise.catch(nothing)
  }

  /** `asked` is how many fdatasync calls had been started when the flush was asked for: it needs a later one. */
  private begin(asked: number): Promise<void> {
    try {
      if (this.isOver(asked)) return Promise.resolve()
    } catch (error) {
      return Promise.reject(error)
    }
    if (this.running === undefined) return this.run(new Batch())
    if (this.started > asked) return this.running.promise
    this.next ??= new Batch()
    return this.next.promise
  }

  private block(asked: number): void {
    if (this.isOver(asked)) return
    // The other thread's fdatasync may be the one that is told of lost pages, and ours would succeed.
    if (this.running !== undefined) {
      const detail =
        'a flush is under way that ends only when the event loop turns; use the asynchronous form'
      throw new CannotBlockError(this.place, detail)
    }
    this.started++
    try {
      this.system.fdatasyncSync(this.fd)
    } catch (error) {
      throw this.fail(error)
    }
    this.succeeded = this.started
  }

  private isOver(asked: number): boolean {
    this.checkHealthy()
    if (this.succeeded > asked) return true
    if (this.closed) throw new ClosedError(this.place, 'the file was closed before this flush began')
    return false
  }

  private run(batch: Batch): Promise<void> {
    this.running = batch
    const number = ++this.started
    this.system.fdatasync(this.fd, (error) => {
      this.running = undefined
      const next = this.next
      this.next = undefined
      if (error !== null) {
        const failure = this.fail(error)
        batch.reject(failure)
        next?.reject(failure)
        return
      }
      this.succeeded = number
      if (next !== undefined) void this.run(next)
      batch.resolve()
    })
    return batch.promise
  }

  private fail(cause: unknown): ProviderIoError {
    const errno = errnoOf(cause) ?? 'EIO'
    this.failure = new ProviderIoError(this.place, `flushing failed: ${explainErrno(errno)}`, errno, {
      cause,
    })
    return this.failure
  }
}
