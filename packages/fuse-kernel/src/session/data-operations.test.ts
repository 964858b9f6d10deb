import { constants } from 'node:os'
import { expect, test } from 'vitest'
import { MemoryFile } from '../memory-file.test-support.ts'
import { FuseFileSystem } from './fuse-file-system.ts'
import type { FuseFile } from './fuse-file.ts'
import { FuseSession } from './fuse-session.ts'
import { answer, join, refusal, reply, request, text, u32, u64, zeros } from './request-bytes.test-support.ts'

const { EBADF, EFBIG, EINVAL, EIO, ENOSPC, ENXIO, EOPNOTSUPP, EROFS } = constants.errno

const DISK = 2
const INFO = 3
const SIZE = 10_000
/** Handles: the inode and how it was opened. */
const READ_WRITE = join(u32(DISK), u32(3))
const READ_ONLY = join(u32(DISK), u32(1))
const WRITE_ONLY = join(u32(DISK), u32(2))
const INFO_FORGED = join(u32(INFO), u32(3))

function setUp(readOnly = false) {
  const disk = new MemoryFile(
    'disk',
    Uint8Array.from({ length: SIZE }, (_, at) => at % 251),
    { keepsCalls: true },
  )
  const info = new MemoryFile('info.json', Buffer.from('{}\n'), { readOnly: true })
  const session = new FuseSession(new FuseFileSystem({ files: [disk, info], readOnly, mtimeMs: 1000 }))
  return { disk, session, ask: (bytes: Uint8Array) => answer(session, bytes) }
}

function read(offset: number | bigint, size: number, handle = READ_WRITE, nodeId = DISK): Uint8Array {
  return request(
    15,
    nodeId,
    handle,
    u64(offset),
    u32(size),
    u32(0), // read_flags
    u64(0), // lock_owner
    u32(0), // flags
    u32(0), // padding
  )
}

function write(
  offset: number | bigint,
  data: Uint8Array,
  options: { handle?: Uint8Array; size?: number; flags?: number; nodeId?: number } = {},
): Uint8Array {
  const { handle = READ_WRITE, size = data.length, flags = 0, nodeId = DISK } = options
  return request(
    16,
    nodeId,
    handle,
    u64(offset),
    u32(size),
    u32(flags), // write_flags
    u64(0), // lock_owner
    u32(0), // flags
    u32(0), // padding
    data,
  )
}

const wrote = (length: number): Uint8Array => reply(u32(length), u32(0))

test('READ gives exactly the range, short at the end, nothing past it', () => {
  const { ask, disk } = setUp()
  expect(ask(read(333, 100))).toEqual(reply(disk.content.slice(333, 433)))
  expect(ask(read(SIZE - 10, 4096))).toEqual(reply(disk.content.slice(SIZE - 10)))
  expect(ask(read(SIZE, 4096))).toEqual(reply())
  expect(ask(read(2n ** 53n + 1n, 4096))).toEqual(reply())
  expect(ask(read(2n ** 64n - 1n, 4096))).toEqual(reply())
  expect(ask(read(0, 0))).toEqual(reply())
  expect(disk.calls).toEqual(['read 333+100', `read ${SIZE - 10}+10`])
})

test('READ of more than was agreed is refused, by handle too', () => {
  const { ask, disk } = setUp()
  expect(ask(read(0, (1 << 20) + 1))).toEqual(refusal(EINVAL))
  expect(ask(read(0, 10, WRITE_ONLY))).toEqual(refusal(EBADF))
  expect(ask(read(0, 10, zeros(8)))).toEqual(refusal(EBADF))
  expect(ask(read(0, 10, join(u32(DISK), u32(7))))).toEqual(refusal(EBADF))
  expect(ask(read(0, 10, READ_WRITE, INFO))).toEqual(refusal(EBADF))
  expect(ask(read(0, 10, join(u32(9), u32(1)), 9))).toEqual(refusal(EBADF))
  expect(disk.calls).toEqual([])
})

test('WRITE gives exactly the range, is short across the end, and finds no space past it', () => {
  const { ask, disk } = setUp()
  expect(ask(write(333, text('hello')))).toEqual(wrote(5))
  expect(Buffer.from(disk.content.slice(333, 338)).toString()).toBe('hello')
  expect(ask(write(SIZE - 2, text('hello')))).toEqual(wrote(2))
  expect(Buffer.from(disk.content.slice(SIZE - 2)).toString()).toBe('he')
  expect(ask(write(SIZE, text('hello')))).toEqual(refusal(ENOSPC))
  expect(ask(write(2n ** 63n, text('hello')))).toEqual(refusal(ENOSPC))
  expect(ask(write(5, zeros(0)))).toEqual(wrote(0))
  expect(disk.calls).toEqual(['write 333+5', `write ${SIZE - 2}+2`])
})

test('WRITE takes as much as was agreed', () => {
  const disk = new MemoryFile('disk', new Uint8Array(1 << 20))
  const session = new FuseSession(new FuseFileSystem({ files: [disk] }))
  const data = new Uint8Array(1 << 20).map((_, at) => at % 253)
  expect(answer(session, write(0, data))).toEqual(wrote(1 << 20))
  expect(Buffer.compare(disk.content, data)).toBe(0)
  expect(Buffer.compare(answer(session, read(0, 1 << 20)), reply(data))).toBe(0)
})

test('WRITE whose data is not as long as it says is refused', () => {
  const { ask, disk } = setUp()
  expect(ask(write(0, text('hello'), { size: 6 }))).toEqual(refusal(EINVAL))
  expect(ask(write(0, text('hello'), { size: 4 }))).toEqual(refusal(EINVAL))
  expect(ask(write(0, text('hello'), { size: 0xffff_ffff }))).toEqual(refusal(EINVAL))
  expect(disk.calls).toEqual([])
})

test('WRITE without the right to is refused', () => {
  expect(setUp().ask(write(0, text('x'), { handle: READ_ONLY }))).toEqual(refusal(EBADF))
  expect(setUp().ask(write(0, text('x'), { handle: INFO_FORGED, nodeId: INFO }))).toEqual(refusal(EROFS))
  expect(setUp(true).ask(write(0, text('x')))).toEqual(refusal(EROFS))
})

test('WRITE moves the time of the last change', () => {
  const { ask } = setUp()
  const mtime = (): bigint => {
    const attributes = ask(request(3, DISK, zeros(16)))
    return new DataView(attributes.buffer).getBigUint64(16 + 16 + 32, true)
  }
  expect(mtime()).toBe(1n)
  ask(write(0, text('x')))
  expect(mtime()).toBeGreaterThan(1_600_000_000n)
})

test('a file answers with its errno; what has none is EIO, and reported', () => {
  const { disk, session } = setUp()
  const failWith = (failure: unknown): [Uint8Array, unknown[]] => {
    const reported: unknown[] = []
    disk.failure = failure
    return [answer(session, read(0, 10), (error) => reported.push(error)), reported]
  }
  expect(failWith({ errno: 'ENOSPC' })).toEqual([refusal(ENOSPC), []])
  expect(failWith(Object.assign(new Error('bad'), { errno: 'EROFS' }))).toEqual([refusal(EROFS), []])
  const surprise = new Error('surprise')
  expect(failWith(surprise)).toEqual([refusal(EIO), [surprise]])
  expect(failWith({ errno: 'toString' })).toEqual([refusal(EIO), [{ errno: 'toString' }]])
  expect(failWith({ errno: -5 })).toEqual([refusal(EIO), [{ errno: -5 }]])
  expect(failWith('text')).toEqual([refusal(EIO), ['text']])
})

test('ENOSYS of a file is EOPNOTSUPP, because the kernel would never ask again', () => {
  const { ask, disk } = setUp()
  disk.failure = { errno: 'ENOSYS' }
  expect(ask(request(20, DISK, READ_WRITE, u32(0), u32(0)))).toEqual(refusal(EOPNOTSUPP))
})

test('a reporter that throws does not end the session', () => {
  const { disk, session } = setUp()
  disk.failure = new Error('surprise')
  const bytes = answer(session, read(0, 10), (error) => {
    throw error
  })
  expect(bytes).toEqual(refusal(EIO))
})

const flush = request(25, DISK, READ_WRITE, u32(0), u32(0), u64(0))
const fsync = request(20, DISK, READ_WRITE, u32(0), u32(0))

test('FLUSH tells once of a write-back that failed, FSYNC too', () => {
  const { ask, disk } = setUp()
  expect(ask(flush)).toEqual(reply())
  for (const asking of [flush, fsync]) {
    disk.failure = { errno: 'ENOSPC' }
    expect(ask(write(0, text('x'), { flags: 1 }))).toEqual(refusal(ENOSPC)) // FUSE_WRITE_CACHE
    expect(ask(asking)).toEqual(refusal(ENOSPC))
    expect(ask(asking)).toEqual(reply())
  }
  disk.failure = { errno: 'ENOSPC' }
  expect(ask(write(0, text('x')))).toEqual(refusal(ENOSPC))
  expect(ask(flush)).toEqual(reply()) // its program was told
})

test('a write-back that failed is told by whichever thread is asked', () => {
  const sharedState = FuseFileSystem.sharedState(1)
  const disk = new MemoryFile('disk', new Uint8Array(10))
  const one = new FuseSession(new FuseFileSystem({ files: [disk], sharedState }))
  const other = new FuseSession(new FuseFileSystem({ files: [disk], sharedState }))
  disk.failure = { errno: 'EIO' }
  answer(one, write(0, text('x'), { flags: 1 }))
  expect(answer(other, flush)).toEqual(refusal(EIO))
})

test('FSYNC syncs, and tells of its failure', () => {
  const { ask, disk } = setUp()
  expect(ask(fsync)).toEqual(reply())
  expect(disk.calls).toEqual(['sync 0+0'])
  disk.failure = { errno: 'EIO' }
  expect(ask(fsync)).toEqual(refusal(EIO))
  expect(ask(request(20, DISK, zeros(8), u32(0), u32(0)))).toEqual(refusal(EBADF))
})

test('RELEASE, FSYNCDIR and SYNCFS', () => {
  const { ask, disk } = setUp()
  expect(ask(request(18, DISK, READ_WRITE, u32(2), u32(0), u64(0)))).toEqual(reply())
  expect(ask(request(30, 1, u32(1), u32(4), u32(0), u32(0)))).toEqual(reply())
  expect(disk.calls).toEqual([])
  expect(ask(request(50, 1, u64(0)))).toEqual(reply())
  expect(disk.calls).toEqual(['sync 0+0'])
})

test('DESTROY syncs every file, and tells the first error', () => {
  const { ask, disk } = setUp()
  disk.failure = { errno: 'ENOSPC' }
  expect(ask(request(38, 0))).toEqual(refusal(ENOSPC))
  expect(ask(request(38, 0))).toEqual(reply())
})

function fallocate(
  mode: number,
  offset: number | bigint,
  length: number | bigint,
  handle = READ_WRITE,
): Uint8Array {
  return request(43, DISK, handle, u64(offset), u64(length), u32(mode), u32(0))
}

test.each([
  ['punch hole, keep size', 0x03],
  ['zero range, keep size', 0x11],
  ['zero range', 0x10],
])('FALLOCATE: %s zeroes the range', (_, mode) => {
  const { ask, disk } = setUp()
  const before = disk.content.slice()
  expect(ask(fallocate(mode, 100, 333))).toEqual(reply())
  expect(disk.content).toEqual(before.fill(0, 100, 433))
  expect(disk.calls).toEqual(['zero 100+333'])
  expect(ask(fallocate(mode, 0, SIZE))).toEqual(reply())
})

test('FALLOCATE: allocation within the size does nothing, past it the file would be too big', () => {
  const { ask, disk } = setUp()
  expect(ask(fallocate(0, 0, SIZE))).toEqual(reply())
  expect(ask(fallocate(1, 10, 10))).toEqual(reply())
  for (const mode of [0x00, 0x01, 0x03, 0x11]) {
    expect(ask(fallocate(mode, 0, SIZE + 1))).toEqual(refusal(EFBIG))
    expect(ask(fallocate(mode, SIZE, 1))).toEqual(refusal(EFBIG))
    expect(ask(fallocate(mode, 1, 2n ** 63n - 1n))).toEqual(refusal(EFBIG))
    expect(ask(fallocate(mode, 2n ** 63n, 1))).toEqual(refusal(EFBIG))
    expect(ask(fallocate(mode, 0, 0))).toEqual(refusal(EINVAL))
  }
  expect(disk.calls).toEqual([])
})

test('FALLOCATE: modes that a file of fixed size cannot answer', () => {
  const { ask, session } = setUp()
  for (const mode of [0x02, 0x12, 0x13, 0x08, 0x20, 0x40, 0x8000_0000]) {
    expect(ask(fallocate(mode, 0, 100)), `mode ${mode}`).toEqual(refusal(EOPNOTSUPP))
  }
  expect(ask(fallocate(0x03, 0, 100, READ_ONLY))).toEqual(refusal(EBADF))
  expect(answer(setUp(true).session, fallocate(0x03, 0, 100))).toEqual(refusal(EROFS))
  expect(session.fileSystem.nodes[0]?.size).toBe(SIZE)
})

test('a file that cannot zero says so', () => {
  const whole = new MemoryFile('disk', new Uint8Array(100))
  const file: FuseFile = {
    name: 'disk',
    size: 100,
    read: whole.read.bind(whole),
    write: whole.write.bind(whole),
  }
  const session = new FuseSession(new FuseFileSystem({ files: [file] }))
  expect(answer(session, fallocate(0x03, 0, 100))).toEqual(refusal(EOPNOTSUPP))
  expect(answer(session, fallocate(0, 0, 100))).toEqual(reply())
  expect(answer(session, fsync)).toEqual(reply())
})

test('LSEEK: everything is data, with a hole at the end', () => {
  const { ask } = setUp()
  const lseek = (offset: number, whence: number): Uint8Array =>
    ask(request(46, DISK, READ_ONLY, u64(offset), u32(whence), u32(0)))
  expect(lseek(100, 3)).toEqual(reply(u64(100))) // SEEK_DATA
  expect(lseek(100, 4)).toEqual(reply(u64(SIZE))) // SEEK_HOLE
  expect(lseek(SIZE, 3)).toEqual(refusal(ENXIO))
  expect(lseek(SIZE, 4)).toEqual(refusal(ENXIO))
  expect(lseek(0, 2)).toEqual(refusal(EINVAL))
})
