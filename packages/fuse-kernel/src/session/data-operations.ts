/**
 * Requests about the content of a file. They may sleep, as the file's own operations may.
 *
 * Nothing of a request is used before it was checked: that it is long enough for its struct (by the session), that its
 * handle opens the file it names, that the range is on the file.
 */
import type { Sleepable } from '@bttkit/interfaces'
import { IN_HEADER } from '../protocol/headers.ts'
import { getU32, getU64 } from '../protocol/host-words.ts'
import { MAX_TRANSFER_BYTES } from '../protocol/limits.ts'
import { ACCESS, handleAccess, handleNode, HANDLE_IN } from '../protocol/open.ts'
import { FALLOCATE_IN, FALLOCATE_MODE, LSEEK_IN, SEEK, writeLseekOut } from '../protocol/space.ts'
import { READ_IN, WRITE_FLAG, WRITE_IN, writeWriteOut } from '../protocol/transfer.ts'
import {
  EBADF,
  EFBIG,
  EINVAL,
  ENOSPC,
  ENXIO,
  EOPNOTSUPP,
  EROFS,
  errnoOf,
  type ErrorReporter,
} from './errno.ts'
import { REPLY_BODY, type FuseExchange } from './fuse-exchange.ts'
import type { FuseFileSystem, FuseNode } from './fuse-file-system.ts'

/** What `begin` leaves: the answer (the length of the reply's body, or a negative errno), or what is to be driven of the file's operation, if anything, before `end`. */
export type Begun = number | Sleepable<unknown> | void

/** A request that its file works on, in two steps: so the file's own operation is what is driven, with nothing around it, and where it is over at once nothing is. */
export interface FileOperation {
  /** Checks the request, and calls the file. */
  begin(system: FuseFileSystem, exchange: FuseExchange, onError: ErrorReporter): Begun
  /** The answer when the operation is over, and its result. */
  end(system: FuseFileSystem, exchange: FuseExchange, result: unknown): number
  /** Hears which errno the request is answered with, since the operation failed. */
  failed?(system: FuseFileSystem, exchange: FuseExchange, errno: number): void
}

const ANY_ACCESS = ACCESS.read | ACCESS.write

/** The file of the request, if its handle opened that file for `access`. All these requests begin with the handle. */
function openedNode(system: FuseFileSystem, exchange: FuseExchange, access: number): FuseNode | undefined {
  const { view } = exchange
  const nodeId = handleNode(view, HANDLE_IN.handle)
  const granted = handleAccess(view, HANDLE_IN.handle)
  if (getU64(view, IN_HEADER.nodeId) !== nodeId || granted > ANY_ACCESS || (granted & access) === 0) {
    return undefined
  }
  return system.nodeOf(nodeId)
}

/** The inode of the file that a request is about, which has begun: its handle was checked. */
function requestedNode(exchange: FuseExchange): number {
  return handleNode(exchange.view, HANDLE_IN.handle)
}

/** Reads straight into the reply. At the end of the file it is short. */
export const read: FileOperation = {
  begin(system, exchange) {
    const node = openedNode(system, exchange, ACCESS.read)
    if (node === undefined) return -EBADF
    const offset = getU64(exchange.view, READ_IN.offset)
    const wanted = getU32(exchange.view, READ_IN.size)
    if (wanted > MAX_TRANSFER_BYTES) return -EINVAL
    const length = offset < node.size ? Math.min(wanted, node.size - offset) : 0
    if (length === 0) return 0
    exchange.transferLength = length
    return node.file.read(offset, exchange.target(length))
  },
  end: (_system, exchange) => exchange.transferLength,
}

/** Writes the data where it lies in the request. At the end of the file it is short, past it there is no space. */
export const write: FileOperation = {
  begin(system, exchange) {
    const { view } = exchange
    const node = openedNode(system, exchange, ACCESS.write)
    if (node === undefined) return -EBADF
    if (node.readOnly || node.file.write === undefined) return -EROFS
    const offset = getU64(view, WRITE_IN.offset)
    const size = getU32(view, WRITE_IN.size)
    if (exchange.requestLength !== WRITE_IN.data + size) return -EINVAL
    if (size === 0) return writeWriteOut(view, REPLY_BODY, 0)
    if (offset >= node.size) return -ENOSPC
    exchange.transferLength = Math.min(size, node.size - offset)
    return node.file.write(offset, exchange.source(exchange.transferLength))
  },
  end(system, exchange) {
    system.setMtime(requestedNode(exchange), Date.now())
    return writeWriteOut(exchange.view, REPLY_BODY, exchange.transferLength)
  },
  // Nobody waits for a write-back, so the error is told to who closes or syncs the file next.
  failed(system, exchange, errno) {
    if ((getU32(exchange.view, WRITE_IN.flags) & WRITE_FLAG.cache) !== 0)
      system.deferError(requestedNode(exchange), errno)
  },
}

/** Whether a mode is one that a file of fixed size can answer. */
function knownFallocateMode(mode: number): boolean {
  const { keepSize, punchHole, zeroRange } = FALLOCATE_MODE
  if ((mode & ~(keepSize | punchHole | zeroRange)) !== 0) return false
  // fallocate(2): a hole keeps the size, and is not at the same time a range of zeros.
  return (mode & punchHole) === 0 || mode === (punchHole | keepSize)
}

/** Punches holes and zeroes ranges by `zero`. Plain allocation does nothing: every byte has its place already. */
export const fallocate: FileOperation = {
  begin(system, exchange) {
    const { view } = exchange
    const node = openedNode(system, exchange, ACCESS.write)
    if (node === undefined) return -EBADF
    const mode = getU32(view, FALLOCATE_IN.mode)
    if (!knownFallocateMode(mode)) return -EOPNOTSUPP
    if (node.readOnly) return -EROFS
    const offset = getU64(view, FALLOCATE_IN.offset)
    const length = getU64(view, FALLOCATE_IN.length)
    if (length === 0) return -EINVAL
    if (offset >= node.size || length > node.size - offset) return -EFBIG
    if ((mode & (FALLOCATE_MODE.punchHole | FALLOCATE_MODE.zeroRange)) === 0) return 0
    if (node.file.zero === undefined) return -EOPNOTSUPP
    return node.file.zero(offset, length)
  },
  end(system, exchange) {
    system.setMtime(requestedNode(exchange), Date.now())
    return 0
  },
}

/** The file is all data, with the hole at its end that lseek(2) asks for. */
export function lseek(system: FuseFileSystem, exchange: FuseExchange): number {
  const { view } = exchange
  const node = openedNode(system, exchange, ANY_ACCESS)
  if (node === undefined) return -EBADF
  const offset = getU64(view, LSEEK_IN.offset)
  const whence = getU32(view, LSEEK_IN.whence)
  if (whence !== SEEK.data && whence !== SEEK.hole) return -EINVAL
  if (offset >= node.size) return -ENXIO
  return writeLseekOut(view, REPLY_BODY, whence === SEEK.data ? offset : node.size)
}

/** close(2): tells of an error that no write could be told of. Makes nothing durable, as on any file system. */
export function flush(system: FuseFileSystem, exchange: FuseExchange): number {
  const node = openedNode(system, exchange, ANY_ACCESS)
  return node === undefined ? -EBADF : -system.takeDeferredError(node.nodeId)
}

export const fsync: FileOperation = {
  begin(system, exchange) {
    const node = openedNode(system, exchange, ANY_ACCESS)
    if (node === undefined) return -EBADF
    return node.file.sync?.()
  },
  end: (system, exchange) => -system.takeDeferredError(requestedNode(exchange)),
}

/** Makes all files durable; the errno of the first that failed, after it has tried all. */
function* syncFiles({ nodes }: FuseFileSystem, onError: ErrorReporter): Sleepable<number> {
  let first = 0
  for (const { file } of nodes) {
    if (file.sync === undefined) continue
    try {
      const remaining = file.sync()
      if (remaining !== undefined) yield* remaining
    } catch (error) {
      const errno = errnoOf(error, onError)
      if (first === 0) first = errno
    }
  }
  return first
}

export const syncAll: FileOperation = {
  begin: (system, _exchange, onError) => syncFiles(system, onError),
  end: (_system, _exchange, firstErrno) => -Number(firstErrno),
}
