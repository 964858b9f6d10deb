import { constants } from 'node:os'
import { expect, test } from 'vitest'
import { MemoryFile } from '../memory-file.test-support.ts'
import { FuseFileSystem, type FuseFileSystemOptions } from './fuse-file-system.ts'
import { FuseSession } from './fuse-session.ts'
import {
  answer,
  i32,
  join,
  refusal,
  reply,
  request,
  text,
  u16,
  u32,
  u64,
  zeros,
} from './request-bytes.test-support.ts'

const { EBADF, EINVAL, EISDIR, ENOENT, ENOTDIR, EPERM, EPROTO, EROFS } = constants.errno

const ROOT = 1
const DISK = 2
const INFO = 3
const MTIME_MS = 1_700_000_000_250

function newSession(options: Partial<FuseFileSystemOptions> = {}): FuseSession {
  const files = [
    new MemoryFile('disk', new Uint8Array(10_000)),
    new MemoryFile('info.json', new Uint8Array(3), { readOnly: true }),
  ]
  return new FuseSession(new FuseFileSystem({ files, uid: 7, gid: 8, mtimeMs: MTIME_MS, ...options }))
}

/** struct fuse_attr */
function attr(ino: number, size: number, mode: number, nlink: number, mtimeMs = MTIME_MS): Uint8Array {
  const seconds = Math.floor(mtimeMs / 1000)
  const nanoseconds = (mtimeMs - seconds * 1000) * 1e6
  return join(
    u64(ino),
    u64(size),
    u64(Math.ceil(size / 512)), // blocks
    join(u64(seconds), u64(seconds), u64(seconds)), // atime, mtime, ctime
    join(u32(nanoseconds), u32(nanoseconds), u32(nanoseconds)),
    u32(mode),
    u32(nlink),
    u32(7), // uid
    u32(8), // gid
    u32(0), // rdev
    u32(4096), // blksize
    u32(0), // flags
  )
}

const DAY = 86_400
const diskAttr = attr(DISK, 10_000, 0o100600, 1)
const rootAttr = attr(ROOT, 0, 0o040555, 2)
const attrReply = (attributes: Uint8Array): Uint8Array => reply(u64(DAY), u32(0), u32(0), attributes)

function initRequest(major: number, minor: number, flags: number): Uint8Array {
  // … max_readahead, flags, flags2, 11 unused words
  return request(26, 0, u32(major), u32(minor), u32(131_072), u32(flags), u32(0), zeros(44))
}

function initReply(minor: number, flags: number, readahead = 131_072): Uint8Array {
  return reply(
    u32(7), // major
    u32(minor),
    u32(readahead),
    u32(flags),
    u16(64), // max_background
    u16(48), // congestion_threshold
    u32(1 << 20), // max_write
    u32(1_000_000), // time_gran
    u16(256), // max_pages
    u16(0), // map_alignment
    u32(0), // flags2
    zeros(28),
  )
}

test('INIT agrees on 7.38 and takes of the offered flags only those that are wanted', () => {
  // ASYNC_READ, BIG_WRITES, ASYNC_DIO, PARALLEL_DIROPS, MAX_PAGES: not WRITEBACK_CACHE, AUTO_INVAL_DATA, ATOMIC_O_TRUNC
  expect(answer(newSession(), initRequest(7, 45, 0xffff_ffff))).toEqual(initReply(38, 0x0044_8021))
  expect(answer(newSession(), initRequest(7, 45, 0x0001_0001))).toEqual(initReply(38, 1))
})

test('INIT speaks an older minor version down to 7.23, and refuses older ones', () => {
  expect(answer(newSession(), initRequest(7, 31, 0x0040_0000))).toEqual(initReply(31, 0x0040_0000))
  expect(answer(newSession(), initRequest(7, 23, 0))).toEqual(initReply(23, 0))
  expect(answer(newSession(), initRequest(7, 22, 0))).toEqual(refusal(EPROTO))
  expect(answer(newSession(), initRequest(6, 40, 0))).toEqual(refusal(EPROTO))
})

test('INIT answers a newer major version with its own, for the kernel to ask again', () => {
  expect(answer(newSession(), initRequest(8, 2, 0))).toEqual(initReply(38, 0))
})

test('LOOKUP finds a file and says how long that holds', () => {
  const entry = join(
    u64(DISK),
    u64(0), // generation
    u64(DAY), // entry_valid
    u64(DAY), // attr_valid
    u32(0), // entry_valid_nsec
    u32(0), // attr_valid_nsec
    diskAttr,
  )
  expect(answer(newSession(), request(1, ROOT, text('disk\0')))).toEqual(reply(entry))
})

test('LOOKUP refuses what is not there, not a directory, or not a name', () => {
  const session = newSession()
  const lookup = (nodeId: number, name: string): Uint8Array => answer(session, request(1, nodeId, text(name)))
  expect(lookup(ROOT, 'nothing\0')).toEqual(refusal(ENOENT))
  expect(lookup(ROOT, '\0')).toEqual(refusal(ENOENT))
  expect(lookup(DISK, 'disk\0')).toEqual(refusal(ENOTDIR))
  expect(lookup(ROOT, 'disk')).toEqual(refusal(EINVAL)) // no terminator
  expect(lookup(ROOT, 'di\0sk\0')).toEqual(refusal(EINVAL)) // two names
})

test('LOOKUP compares names byte by byte', () => {
  const session = newSession({ files: [new MemoryFile('übung', new Uint8Array(1))] })
  const utf8 = Buffer.from('übung\0')
  expect(answer(session, request(1, ROOT, utf8)).length).toBe(16 + 128)
  expect(answer(session, request(1, ROOT, text('übung\0')))).toEqual(refusal(ENOENT)) // Latin-1
})

test('GETATTR describes files and the directory', () => {
  const session = newSession()
  const getattr = (nodeId: number | bigint): Uint8Array =>
    answer(session, request(3, nodeId, u32(0), u32(0), u64(0)))
  expect(getattr(DISK)).toEqual(attrReply(diskAttr))
  expect(getattr(ROOT)).toEqual(attrReply(rootAttr))
  expect(getattr(99)).toEqual(refusal(ENOENT))
  expect(getattr(0)).toEqual(refusal(ENOENT))
  expect(getattr(2n ** 63n + 2n)).toEqual(refusal(ENOENT))
})

interface Changes {
  valid: number
  size?: number
  mtime?: number
  mtimeNs?: number
  mode?: number
  uid?: number
  gid?: number
}

function setattr(nodeId: number, changes: Changes): Uint8Array {
  const { valid, size = 0, mtime = 0, mtimeNs = 0, mode = 0, uid = 0, gid = 0 } = changes
  return request(
    4,
    nodeId,
    u32(valid),
    u32(0), // padding
    u64(0), // handle
    u64(size),
    u64(0), // lock_owner
    join(u64(0), u64(mtime), u64(0)), // atime, mtime, ctime
    join(u32(0), u32(mtimeNs), u32(0)),
    u32(mode),
    u32(0), // unused
    u32(uid),
    u32(gid),
    u32(0), // unused
  )
}

test('SETATTR of the size succeeds and repeats the size that it was', () => {
  expect(answer(newSession(), setattr(DISK, { valid: 8, size: 0 }))).toEqual(attrReply(diskAttr))
  expect(answer(newSession(), setattr(DISK, { valid: 8, size: 1e9 }))).toEqual(attrReply(diskAttr))
  expect(answer(newSession(), setattr(INFO, { valid: 8, size: 0 }))).toEqual(refusal(EROFS))
  expect(answer(newSession(), setattr(ROOT, { valid: 8, size: 0 }))).toEqual(refusal(EISDIR))
})

test('SETATTR takes times, to the millisecond and before 1970 too', () => {
  const session = newSession()
  const set = answer(session, setattr(DISK, { valid: 0x20, mtime: 1_600_000_000, mtimeNs: 987_654_321 }))
  expect(set).toEqual(attrReply(attr(DISK, 10_000, 0o100600, 1, 1_600_000_000_987)))
  const early = answer(session, setattr(DISK, { valid: 0x20, mtime: -2, mtimeNs: 500_000_000 }))
  expect(early).toEqual(attrReply(attr(DISK, 10_000, 0o100600, 1, -1500)))
  const before = Date.now()
  const now = new DataView(answer(session, setattr(DISK, { valid: 0x120 })).buffer)
  expect(Number(now.getBigUint64(16 + 16 + 32, true)) * 1000 + 999).toBeGreaterThanOrEqual(before)
  expect(answer(session, setattr(DISK, { valid: 0x20, mtime: 2 ** 52 }))).toEqual(refusal(EINVAL))
})

test('SETATTR refuses another mode or owner, and accepts those that are', () => {
  const session = newSession()
  expect(answer(session, setattr(DISK, { valid: 1, mode: 0o100644 }))).toEqual(refusal(EPERM))
  expect(answer(session, setattr(DISK, { valid: 1, mode: 0o100600 }))).toEqual(attrReply(diskAttr))
  expect(answer(session, setattr(DISK, { valid: 2, uid: 0 }))).toEqual(refusal(EPERM))
  expect(answer(session, setattr(DISK, { valid: 4, gid: 0 }))).toEqual(refusal(EPERM))
  expect(answer(session, setattr(DISK, { valid: 6, uid: 7, gid: 8 }))).toEqual(attrReply(diskAttr))
  expect(answer(session, setattr(99, { valid: 0 }))).toEqual(refusal(ENOENT))
})

test('SETATTR changes nothing in a read-only file system', () => {
  expect(answer(newSession({ readOnly: true }), setattr(DISK, { valid: 0x20, mtime: 1 }))).toEqual(
    refusal(EROFS),
  )
})

const open = (nodeId: number, flags: number): Uint8Array => request(14, nodeId, u32(flags), u32(0))
/** struct fuse_open_out; the handle is the inode and the access: 1 read, 2 write, 4 directory */
const openReply = (nodeId: number, access: number, flags: number): Uint8Array =>
  reply(u32(nodeId), u32(access), u32(flags), u32(0))

test('OPEN gives a handle that says what it may be used for', () => {
  expect(answer(newSession(), open(DISK, 0))).toEqual(openReply(DISK, 1, 0))
  expect(answer(newSession(), open(DISK, 1))).toEqual(openReply(DISK, 2, 0))
  expect(answer(newSession(), open(DISK, 2))).toEqual(openReply(DISK, 3, 0))
  expect(answer(newSession(), open(DISK, 0o1001))).toEqual(openReply(DISK, 2, 0)) // O_TRUNC
  expect(answer(newSession({ directIo: true }), open(DISK, 2))).toEqual(openReply(DISK, 3, 0x41))
})

test('OPEN refuses to write what is read-only', () => {
  expect(answer(newSession(), open(INFO, 0))).toEqual(openReply(INFO, 1, 0))
  expect(answer(newSession(), open(INFO, 1))).toEqual(refusal(EROFS))
  expect(answer(newSession({ readOnly: true }), open(DISK, 2))).toEqual(refusal(EROFS))
  expect(answer(newSession(), open(DISK, 3))).toEqual(refusal(EINVAL))
  expect(answer(newSession(), open(ROOT, 0))).toEqual(refusal(EISDIR))
  expect(answer(newSession(), open(99, 0))).toEqual(refusal(ENOENT))
})

test('OPENDIR and RELEASEDIR', () => {
  expect(answer(newSession(), request(27, ROOT, u32(0o200000), u32(0)))).toEqual(openReply(ROOT, 4, 0))
  expect(answer(newSession(), request(27, DISK, u32(0o200000), u32(0)))).toEqual(refusal(ENOTDIR))
  expect(answer(newSession(), request(29, ROOT, u32(ROOT), u32(4), zeros(16)))).toEqual(reply())
})

/** struct fuse_dirent, with 4 for a directory and 8 for a file */
const dirent = (ino: number, next: number, type: number, name: string, padding: number): Uint8Array =>
  join(u64(ino), u64(next), u32(name.length), u32(type), text(name), zeros(padding))

const readdir = (offset: number, size: number, handle = [u32(ROOT), u32(4)]): Uint8Array =>
  request(28, ROOT, ...handle, u64(offset), u32(size), zeros(20))

test('READDIR lists the directory, as much as fits, and goes on where it was', () => {
  const entries = [
    dirent(ROOT, 1, 4, '.', 7),
    dirent(ROOT, 2, 4, '..', 6),
    dirent(DISK, 3, 8, 'disk', 4),
    dirent(INFO, 4, 8, 'info.json', 7),
  ]
  const session = newSession()
  expect(answer(session, readdir(0, 4096))).toEqual(reply(...entries))
  expect(answer(session, readdir(0, 32 + 32 + 31))).toEqual(reply(...entries.slice(0, 2)))
  expect(answer(session, readdir(2, 32))).toEqual(reply(...entries.slice(2, 3)))
  expect(answer(session, readdir(4, 4096))).toEqual(reply())
  expect(answer(session, readdir(2 ** 60, 4096))).toEqual(reply())
  expect(answer(session, readdir(0, 0))).toEqual(reply())
  expect(answer(session, readdir(0, 4096, [u32(DISK), u32(1)]))).toEqual(refusal(EBADF))
})

test('STATFS describes a full file system', () => {
  const expected = reply(
    u64(3), // blocks
    u64(0), // free
    u64(0), // available
    u64(3), // files
    u64(0), // free files
    u32(4096), // bsize
    u32(255), // namelen
    u32(4096), // frsize
    zeros(28),
  )
  expect(answer(newSession(), request(17, ROOT))).toEqual(expected)
})

test.each([
  ['SYMLINK', 6],
  ['MKNOD', 8],
  ['MKDIR', 9],
  ['UNLINK', 10],
  ['RMDIR', 11],
  ['RENAME', 12],
  ['LINK', 13],
  ['CREATE', 35],
  ['RENAME2', 45],
])('%s is refused', (_, opcode) => {
  const bytes = request(opcode, ROOT, zeros(16), text('name\0other\0'))
  expect(answer(newSession(), bytes)).toEqual(refusal(EPERM))
  expect(answer(newSession({ readOnly: true }), bytes)).toEqual(refusal(EROFS))
})

test('a reply is a header of 16 bytes: length, negative errno, unique', () => {
  const bytes = answer(newSession(), request(1, ROOT, text('nothing\0')))
  expect(bytes).toEqual(join(u32(16), i32(-2), u64(0x1122334455667788n)))
})
