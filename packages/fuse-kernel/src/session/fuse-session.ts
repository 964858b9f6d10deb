import type { Sleepable } from '@bttkit/interfaces'
import { runBlocking } from '@bttkit/sleepable'
import { IN_HEADER } from '../protocol/headers.ts'
import { getU32 } from '../protocol/host-words.ts'
import { Opcode } from '../protocol/opcodes.ts'
import type { Begun } from './data-operations.ts'
import { EINVAL, EIO, ENOSYS, errnoOf, report, type ErrorReporter } from './errno.ts'
import { FuseExchange } from './fuse-exchange.ts'
import type { FuseFileSystem } from './fuse-file-system.ts'
import { operations, type Operation } from './operations.ts'

function isUnanswered(opcode: number): boolean {
  return opcode === Opcode.FORGET || opcode === Opcode.BATCH_FORGET || opcode === Opcode.NOTIFY_REPLY
}

/**
 * The protocol, apart from any file descriptor: takes the bytes of one request and makes those of its reply.
 *
 * Between two requests it remembers nothing but what `FuseFileSystem` holds. So several threads, each with a session of
 * its own over the same files, may serve one mount, and requests may be under way side by side, each in its own exchange.
 *
 * Durability: the kernel is not allowed to keep writes back. Each write(2) of a program, with and without page cache, is
 * a WRITE that `FuseFile.write` has finished before write(2) returns. Only pages changed through mmap(2) come later: with
 * msync(2), fsync(2), the last close or when the kernel likes.
 *
 * INTERRUPT is answered ENOSYS, so that the kernel does not send it again: no operation is left half done.
 */
export class FuseSession {
  readonly fileSystem: FuseFileSystem

  constructor(fileSystem: FuseFileSystem) {
    this.fileSystem = fileSystem
  }

  /** Room for one request at a time and its reply. */
  newExchange(): FuseExchange {
    return new FuseExchange()
  }

  /**
   * Answers the request in `exchange`: its reply is there when this is over. Sleeps where the file does. Never fails:
   * what goes wrong is in the reply, and what nobody foresaw also goes to `onError`.
   */
  *handle(exchange: FuseExchange, onError: ErrorReporter): Sleepable<void> {
    const operation = this.begin(exchange, onError)
    if (operation === undefined) return
    try {
      this.end(exchange, yield* operation)
    } catch (error) {
      this.fail(exchange, error, onError)
    }
  }

  /** As `handle`, on this thread, which waits where the file has to. It takes less time, for nothing is driven but the file's own operation. */
  handleBlocking(exchange: FuseExchange, onError: ErrorReporter): void {
    const operation = this.begin(exchange, onError)
    if (operation === undefined) return
    try {
      this.end(exchange, runBlocking(operation))
    } catch (error) {
      this.fail(exchange, error, onError)
    }
  }

  /** What is to be driven before the request can be answered, if anything; otherwise its reply is there. */
  private begin(exchange: FuseExchange, onError: ErrorReporter): Sleepable<unknown> | undefined {
    exchange.replyLength = 0
    exchange.stopToken = undefined
    exchange.underWay = undefined
    if (exchange.requestLength < IN_HEADER.size) {
      // Without a header there is nobody to answer.
      report(new RangeError(`a FUSE request of only ${exchange.requestLength} bytes`), onError)
      return undefined
    }
    const { opcode } = exchange
    if (isUnanswered(opcode)) return undefined
    try {
      const begun = this.beginOperation(exchange, opcode, onError)
      if (typeof begun === 'object') return begun
      if (begun === undefined) this.end(exchange, undefined)
      else exchange.finish(begun)
    } catch (error) {
      this.fail(exchange, error, onError)
    }
    return undefined
  }

  private beginOperation(exchange: FuseExchange, opcode: number, onError: ErrorReporter): Begun {
    const operation = this.operationFor(exchange, opcode)
    if (typeof operation === 'number') return operation
    if (!operation.sleeps) return operation.run(this.fileSystem, exchange)
    exchange.underWay = operation.run
    return operation.run.begin(this.fileSystem, exchange, onError)
  }

  private end(exchange: FuseExchange, result: unknown): void {
    exchange.finish(exchange.underWay?.end(this.fileSystem, exchange, result) ?? 0)
  }

  private fail(exchange: FuseExchange, error: unknown, onError: ErrorReporter): void {
    const errno = errnoOf(error, onError)
    exchange.underWay?.failed?.(this.fileSystem, exchange, errno)
    exchange.finish(-errno)
  }

  /** Who answers, or a negative errno for a request that nobody can. */
  private operationFor(exchange: FuseExchange, opcode: number): Operation | number {
    const { requestLength, view } = exchange
    if (getU32(view, IN_HEADER.length) !== requestLength) return -EIO
    const operation = operations[opcode]
    if (operation === undefined) return -ENOSYS
    return requestLength < operation.minLength ? -EINVAL : operation
  }
}
