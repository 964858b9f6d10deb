/**
 * Reading and writing /dev/fuse: what its errors mean.
 *
 * A read(2) gives exactly one whole request; a write(2) takes exactly one whole reply.
 */
import { writeSync } from 'node:fs'
import { report, type ErrorReporter } from '../session/errno.ts'
import { REPLY_START, type FuseExchange } from '../session/fuse-exchange.ts'

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}

/**
 * What to do after a failed read:
 * - ENODEV: the mount is gone. ECONNABORTED: the same, where somebody aborted the connection.
 * - ENOENT: the request was given up by its program before it was read. EINTR, EAGAIN: nothing happened. Read again.
 */
export function afterReadError(error: unknown): 'unmounted' | 'again' | 'failed' {
  const code = codeOf(error)
  if (code === 'ENODEV' || code === 'ECONNABORTED') return 'unmounted'
  return code === 'ENOENT' || code === 'EINTR' || code === 'EAGAIN' ? 'again' : 'failed'
}

/**
 * Writes the reply of `exchange`, where it has one. Blocks no longer than the kernel copies, so it does not need the
 * thread pool.
 *
 * ENOENT (nobody waits for it any more) and ENODEV (the mount is gone; the next read says so too) are no failures.
 */
export function writeReply(fd: number, exchange: FuseExchange, onError: ErrorReporter): void {
  if (exchange.replyLength === 0) return
  for (;;) {
    try {
      writeSync(fd, exchange.bytes, REPLY_START, exchange.replyLength)
      return
    } catch (error) {
      const code = codeOf(error)
      if (code === 'EINTR' || code === 'EAGAIN') continue
      if (code !== 'ENOENT' && code !== 'ENODEV' && code !== 'ECONNABORTED') report(error, onError)
      return
    }
  }
}
