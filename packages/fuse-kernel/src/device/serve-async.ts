import { read } from 'node:fs'
import { runAsync } from '@bttkit/sleepable'
import type { FuseExchange } from '../session/fuse-exchange.ts'
import type { FuseSession } from '../session/fuse-session.ts'
import { afterReadError, writeReply } from './fuse-device.ts'
import type { ServeEnd, ServeOptions } from './serve-blocking.ts'
import { enterLoop, leaveLoop, stopRequested } from './stop-flag.ts'

export interface ServeAsyncOptions extends ServeOptions {
  /** Requests under way at most; each needs a buffer of 1 MiB when it carries as much. Default: 64. */
  readonly concurrency?: number
}

const DEFAULT_CONCURRENCY = 64

/** Waits for a request on the thread pool; false when the mount is gone. */
function receive(fd: number, exchange: FuseExchange): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const attempt = (): void => {
      read(fd, exchange.bytes, 0, exchange.bytes.length, null, (error, length) => {
        if (error === null) {
          exchange.requestLength = length
          resolve(true)
          return
        }
        const next = afterReadError(error)
        if (next === 'again') attempt()
        else if (next === 'unmounted') resolve(false)
        else reject(error)
      })
    }
    attempt()
  })
}

/** Exchanges that are used again, made when they are first needed; `take` waits while all are under way. */
class ExchangePool {
  private readonly idle: FuseExchange[] = []
  private underWay = 0
  private wake: (() => void) | undefined
  private readonly session: FuseSession
  private readonly limit: number

  constructor(session: FuseSession, limit: number) {
    this.session = session
    this.limit = limit
  }

  async take(): Promise<FuseExchange> {
    await this.until(this.limit - 1)
    this.underWay++
    return this.idle.pop() ?? this.session.newExchange()
  }

  giveBack(exchange: FuseExchange): void {
    this.underWay--
    this.idle.push(exchange)
    this.wake?.()
  }

  /** Waits until no more than `count` are under way. Only the loop calls it, so there is one waiter at most. */
  async until(count: number): Promise<void> {
    while (this.underWay > count) {
      await new Promise<void>((resolve) => {
        this.wake = resolve
      })
    }
    this.wake = undefined
  }
}

/**
 * Serves a mount from the event loop until it is unmounted or a stop is requested; resolves when the requests that were
 * under way are answered too. For files that wait for the event loop, and for many requests that sleep side by side.
 *
 * Requests are read one at a time, because a read that waits holds a thread of libuv's pool, which files need as well;
 * with `UV_THREADPOOL_SIZE=1` none would be left for them.
 *
 * Does not close `fd`: whoever mounted does, after this.
 *
 * @throws {TypeError} for a concurrency that is no whole number from 1.
 * @throws the error of read(2) on `fd` when it is none that the protocol knows.
 */
export async function serveAsync(
  fd: number,
  session: FuseSession,
  options: ServeAsyncOptions,
): Promise<ServeEnd> {
  const { onError, stop, onHandled, concurrency = DEFAULT_CONCURRENCY } = options
  if (!Number.isSafeInteger(concurrency) || concurrency < 1) {
    throw new TypeError(`a concurrency of ${concurrency} requests`)
  }
  if (stop !== undefined && !enterLoop(stop)) return 'stopped'
  const pool = new ExchangePool(session, concurrency)
  let entered = stop !== undefined
  const leave = (): void => {
    if (entered && stop !== undefined) leaveLoop(stop)
    entered = false
  }
  const answer = async (exchange: FuseExchange): Promise<void> => {
    await runAsync(session.handle(exchange, onError))
    onHandled?.()
    writeReply(fd, exchange, onError)
    pool.giveBack(exchange)
  }
  try {
    for (;;) {
      const exchange = await pool.take()
      let received = false
      try {
        received = await receive(fd, exchange)
      } finally {
        if (!received) pool.giveBack(exchange)
      }
      if (!received) return 'unmounted'
      // A lookup never sleeps: when this returns, it is handled, and only its answer is still to be written.
      const answered = answer(exchange)
      if (stop !== undefined && stopRequested(stop, exchange.stopToken)) {
        leave()
        await answered
        return 'stopped'
      }
    }
  } finally {
    leave()
    await pool.until(0)
  }
}
