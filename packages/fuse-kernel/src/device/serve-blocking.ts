import { readSync } from 'node:fs'
import type { Crowd } from './crowd.ts'
import type { ErrorReporter } from '../session/errno.ts'
import type { FuseExchange } from '../session/fuse-exchange.ts'
import type { FuseSession } from '../session/fuse-session.ts'
import { afterReadError, writeReply } from './fuse-device.ts'
import { enterLoop, leaveLoop, stopRequested, tryLeaveLoop, type StopFlag } from './stop-flag.ts'

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

export interface ServeBlockingOptions extends ServeOptions {
  /** Where several threads serve the mount: what they have in common to tell whether it takes more than one. */
  readonly crowd?: Crowd
}

/** Serves until the mount is gone, a stop is requested, or `restsWith` the crowd and that has gone. */
function serve(
  fd: number,
  session: FuseSession,
  options: ServeBlockingOptions,
  restsWith?: Crowd,
): ServeEnd | 'resting' {
  const { onError, stop, onHandled, crowd } = options
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
      crowd?.note(exchange.caller)
      const stops = stop !== undefined && stopRequested(stop, exchange.stopToken)
      const rests = !stops && restsWith?.isGone === true && (stop === undefined || tryLeaveLoop(stop))
      if (rests) entered = false
      // Before the answer: who gets it must not find this loop still counted.
      if (stops) leave()
      writeReply(fd, exchange, onError)
      if (stops) return 'stopped'
      if (rests) return 'resting'
    }
    return 'unmounted'
  } finally {
    leave()
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
export function serveBlocking(fd: number, session: FuseSession, options: ServeBlockingOptions): ServeEnd {
  // Without a crowd to rest with, it does not.
  return serve(fd, session, options) === 'stopped' ? 'stopped' : 'unmounted'
}

/**
 * As `serveBlocking`, but only while several programs ask at a time; else this thread waits beside. One thread of the mount at least has to serve all the time, with the
 * same crowd. Ends also, with 'unmounted', when that is over (`endCrowd`).
 *
 * @throws the error of read(2) on `fd` when it is none that the protocol knows.
 */
export function serveStandingBy(
  fd: number,
  session: FuseSession,
  options: ServeBlockingOptions & { readonly crowd: Crowd },
): ServeEnd {
  const { crowd } = options
  while (crowd.wait()) {
    const end = serve(fd, session, options, crowd)
    if (end !== 'resting') return end
  }
  return 'unmounted'
}
