/** Requests about names and attributes. They finish at once: everything they need is in memory. */
import { SETATTR_IN, SETATTR_VALID, writeAttrOut, writeEntryOut } from '../protocol/attributes.ts'
import {
  directoryEntryLength,
  writeDirectoryEntry,
  type DirectoryEntry,
} from '../protocol/directory-entry.ts'
import { IN_HEADER } from '../protocol/headers.ts'
import { getI64, getU32, getU64 } from '../protocol/host-words.ts'
import { speaksVersion, writeInitOut } from '../protocol/init.ts'
import {
  ACCESS,
  FOPEN,
  handleAccess,
  handleNode,
  HANDLE_IN,
  OPEN_IN,
  writeOpenOut,
} from '../protocol/open.ts'
import { READ_IN } from '../protocol/transfer.ts'
import { writeStatfsOut } from '../protocol/statfs.ts'
import { MAX_TRANSFER_BYTES } from '../protocol/limits.ts'
import { EBADF, EINVAL, EISDIR, ENOENT, ENOTDIR, EPERM, EPROTO, EROFS } from './errno.ts'
import { REPLY_BODY, type FuseExchange } from './fuse-exchange.ts'
import { ROOT_NODE_ID, type FuseFileSystem, type FuseNode } from './fuse-file-system.ts'
import { STOP_NAME_PREFIX } from './stop-name.ts'

/** Answers a request: the length of the reply's body, or a negative errno. */
export type ImmediateOperation = (system: FuseFileSystem, exchange: FuseExchange) => number

const O_ACCMODE = 0o3
const O_RDONLY = 0o0
const O_WRONLY = 0o1
const PERMISSION_BITS = 0o7777

function nodeIdOf(exchange: FuseExchange): number {
  return getU64(exchange.view, IN_HEADER.nodeId)
}

export function init(_system: FuseFileSystem, exchange: FuseExchange): number {
  return speaksVersion(exchange.view) ? writeInitOut(exchange.view, REPLY_BODY) : -EPROTO
}

export function lookup(system: FuseFileSystem, exchange: FuseExchange): number {
  if (nodeIdOf(exchange) !== ROOT_NODE_ID) return -ENOTDIR
  const { bytes, requestLength } = exchange
  const end = bytes.indexOf(0, IN_HEADER.size)
  if (end === -1 || end !== requestLength - 1) return -EINVAL
  const name = Buffer.from(bytes.buffer, IN_HEADER.size, end - IN_HEADER.size).toString('latin1')
  if (name.startsWith(STOP_NAME_PREFIX)) exchange.stopToken = name.slice(STOP_NAME_PREFIX.length)
  const node = system.nodeNamed(name)
  return node === undefined ? -ENOENT : writeEntryOut(exchange.view, REPLY_BODY, system.attributesOf(node))
}

export function getattr(system: FuseFileSystem, exchange: FuseExchange): number {
  const nodeId = nodeIdOf(exchange)
  if (nodeId === ROOT_NODE_ID) return writeAttrOut(exchange.view, REPLY_BODY, system.rootAttributes)
  const node = system.nodeOf(nodeId)
  return node === undefined ? -ENOENT : writeAttrOut(exchange.view, REPLY_BODY, system.attributesOf(node))
}

/** Whether owner and permission bits are asked to become what they are not. */
function changesOwnerOrMode(
  system: FuseFileSystem,
  exchange: FuseExchange,
  node: FuseNode | undefined,
): boolean {
  const { view } = exchange
  const valid = getU32(view, SETATTR_IN.valid)
  const now = node === undefined ? system.rootAttributes : system.attributesOf(node)
  const differs = (bit: number, offset: number, value: number, mask = -1): boolean =>
    (valid & bit) !== 0 && ((getU32(view, offset) ^ value) & mask) !== 0
  return (
    differs(SETATTR_VALID.mode, SETATTR_IN.mode, now.mode, PERMISSION_BITS) ||
    differs(SETATTR_VALID.uid, SETATTR_IN.uid, now.uid) ||
    differs(SETATTR_VALID.gid, SETATTR_IN.gid, now.gid)
  )
}

/**
 * Truncation succeeds and changes nothing, as on a block device: the reply repeats the size, which the kernel believes.
 * Owner and mode stay as they are; times are taken.
 */
export function setattr(system: FuseFileSystem, exchange: FuseExchange): number {
  const { view } = exchange
  const nodeId = nodeIdOf(exchange)
  const node = system.nodeOf(nodeId)
  if (node === undefined && nodeId !== ROOT_NODE_ID) return -ENOENT
  const valid = getU32(view, SETATTR_IN.valid)
  if (system.readOnly) return -EROFS
  if ((valid & SETATTR_VALID.size) !== 0) {
    if (node === undefined) return -EISDIR
    if (node.readOnly) return -EROFS
  }
  if (changesOwnerOrMode(system, exchange, node)) return -EPERM
  if ((valid & SETATTR_VALID.mtimeNow) !== 0) {
    system.setMtime(nodeId, Date.now())
  } else if ((valid & SETATTR_VALID.mtime) !== 0) {
    const mtimeMs = getI64(view, SETATTR_IN.mtime) * 1000 + Math.floor(getU32(view, SETATTR_IN.mtimeNs) / 1e6)
    if (!Number.isSafeInteger(mtimeMs)) return -EINVAL
    system.setMtime(nodeId, mtimeMs)
  }
  return getattr(system, exchange)
}

/** Makes a file name, removes one, or moves one: never. */
export function changeDirectory(system: FuseFileSystem): number {
  return system.readOnly ? -EROFS : -EPERM
}

export function open(system: FuseFileSystem, exchange: FuseExchange): number {
  const nodeId = nodeIdOf(exchange)
  if (nodeId === ROOT_NODE_ID) return -EISDIR
  const node = system.nodeOf(nodeId)
  if (node === undefined) return -ENOENT
  const mode = getU32(exchange.view, OPEN_IN.flags) & O_ACCMODE
  if (mode === O_ACCMODE) return -EINVAL
  if (mode !== O_RDONLY && node.readOnly) return -EROFS
  const access = (mode === O_WRONLY ? 0 : ACCESS.read) | (mode === O_RDONLY ? 0 : ACCESS.write)
  // No write extends a file, so the kernel need not let direct writes through one at a time.
  const flags = system.directIo ? FOPEN.directIo | FOPEN.parallelDirectWrites : 0
  return writeOpenOut(exchange.view, REPLY_BODY, nodeId, access, flags)
}

export function opendir(_system: FuseFileSystem, exchange: FuseExchange): number {
  if (nodeIdOf(exchange) !== ROOT_NODE_ID) return -ENOTDIR
  return writeOpenOut(exchange.view, REPLY_BODY, ROOT_NODE_ID, ACCESS.directory, 0)
}

/** Nothing to give back: a handle is no more than its number. */
export function release(): number {
  return 0
}

function directoryEntries(system: FuseFileSystem): DirectoryEntry[] {
  const root = system.rootAttributes
  const special = ['.', '..'].map((name) => ({
    nodeId: ROOT_NODE_ID,
    name: Buffer.from(name),
    mode: root.mode,
  }))
  return [...special, ...system.nodes]
}

/** The place of an entry is how many come before it. */
export function readdir(system: FuseFileSystem, exchange: FuseExchange): number {
  const { bytes, view } = exchange
  if (handleNode(view, HANDLE_IN.handle) !== ROOT_NODE_ID) return -EBADF
  if (handleAccess(view, HANDLE_IN.handle) !== ACCESS.directory) return -EBADF
  const room = Math.min(getU32(view, READ_IN.size), MAX_TRANSFER_BYTES)
  const entries = directoryEntries(system)
  let length = 0
  let place = getU64(view, READ_IN.offset)
  for (; place < entries.length; place++) {
    const entry = entries[place]
    if (entry === undefined || length + directoryEntryLength(entry.name) > room) break
    length += writeDirectoryEntry(bytes, view, REPLY_BODY + length, entry, place + 1)
  }
  return length
}

export function statfs(system: FuseFileSystem, exchange: FuseExchange): number {
  return writeStatfsOut(exchange.view, REPLY_BODY, system.totalBytes, system.nodes.length + 1)
}
