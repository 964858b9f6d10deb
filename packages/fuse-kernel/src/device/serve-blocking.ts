import { readSync } from 'node:fs'
import type { ErrorReporter } from '../session/errno.ts'
import type { FuseExchange } from '../session/fuse-exchange.ts'
import type { FuseSession } from '../session/fuse-session.ts'
import { afterReadError, writeReply } from './fuse-device.ts'
import { enterLoop, leaveLoop, stopRequested, type StopFlag } from './stop-flag.ts'

export interface ServeOptions {
  /** Gets errors that files threw without an errno, and replies that the kernel refused. Must not throw. */
  readonly onError: ErrorReporter
  /** Lets another thread end the loop: `requestStop`. Default: only an unmount ends it. */
  readonly stop?: StopFlag
  /** Called when a request was handled, before its answer is written: whoever has the answer finds it counted. Must not throw. */
  readonly onHandled?: () => void
}

/** Why a loop ended. */
export type ServeEnd = 'unmounted' | 'stopped'

/** Waits for a request; false when the mount is gone. */
function receive(fd: number, exchange: FuseExchange): boolean {
  for (;;) {
    try {
      exchange.requestLength = readSync(fd, exchange.bytes, 0, exchange.bytes.length, null)
      return true
    } catch (error) {
      const next = afterReadError(error)
      if (next === 'unmounted') return false
      if (next === 'failed') throw error
    }
  }
}

/**
 * Serves a mount on this thread, one request after another, until it is unmounted or a stop is requested. Blocks the
 * thread: it belongs on a worker, whose files wait by blocking. Twice as fast as `serveAsync` for one program that waits
 * for each answer. Several threads may serve one descriptor, each with its own session.
 *
 * Does not close `fd`: whoever mounted does, when the last thread has ended.
 *
 * @throws the error of read(2) on `fd` when it is none that the protocol knows.
 */
export function serveBlocking(fd: number, session: FuseSession, options: ServeOptions): ServeEnd {
  const { onError, stop, onHandled } = options
  if (stop !== undefined && !enterLoop(stop)) return 'stopped'
  let entered = stop !== undefined
  const leave = (): void => {
    if (entered && stop !== undefined) leaveLoop(stop)
    entered = false
  }
  const exchange = session.newExchange()
  try {
    while (receive(fd, exchange)) {
      session.handleBlocking(exchange, onError)
      onHandled?.()
      const last = stop !== undefined && stopRequested(stop, exchange.stopToken)
      // Before the answer: who gets it must not find this loop still counted.
      if (last) leave()
      writeReply(fd, exchange, onError)
      if (last) return 'stopped'
    }
    return 'unmounted'
  } finally {
    leave()
  }
}
