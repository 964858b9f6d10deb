import { constants } from 'node:os'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { MemoryFile } from '../memory-file.test-support.ts'
import { FuseFileSystem } from './fuse-file-system.ts'
import { FuseSession } from './fuse-session.ts'
import { answer, join, refusal, reply, request, u32, u64, zeros } from './request-bytes.test-support.ts'

const { EINVAL, EIO, ENOSYS, ENOTTY } = constants.errno

function newSession(): FuseSession {
  return new FuseSession(new FuseFileSystem({ files: [new MemoryFile('disk', new Uint8Array(10_000))] }))
}

test('FORGET, BATCH_FORGET and NOTIFY_REPLY are not answered', () => {
  expect(answer(newSession(), request(2, 2, u64(1))).length).toBe(0)
  expect(answer(newSession(), request(42, 0, u32(1), u32(0), u64(2), u64(1))).length).toBe(0)
  expect(answer(newSession(), request(41, 2)).length).toBe(0)
  expect(answer(newSession(), request(2, 2)).length).toBe(0) // cut short: still not
})

test.each([
  ['INTERRUPT', 36],
  ['POLL', 40],
  ['SETXATTR', 21],
  ['GETXATTR', 22],
  ['LISTXATTR', 23],
  ['REMOVEXATTR', 24],
  ['ACCESS', 34],
  ['BMAP', 37],
  ['READDIRPLUS', 44],
  ['COPY_FILE_RANGE', 47],
  ['an opcode of the future', 77],
  ['the largest opcode', 0xffff_ffff],
])('%s is answered ENOSYS, so that the kernel does not ask again', (_, opcode) => {
  expect(answer(newSession(), request(opcode, 2, zeros(48)))).toEqual(refusal(ENOSYS))
})

test('IOCTL is answered as by a file', () => {
  expect(answer(newSession(), request(39, 2, zeros(32)))).toEqual(refusal(ENOTTY))
})

test('a request without a whole header is reported, and not answered', () => {
  const reported: unknown[] = []
  for (const length of [0, 1, 39]) {
    const bytes = request(3, 2).subarray(0, length)
    expect(answer(newSession(), bytes, (error) => reported.push(error)).length).toBe(0)
  }
  expect(reported).toHaveLength(3)
})

test('a request that is not as long as it says is refused', () => {
  const longer = join(request(3, 1, zeros(16)), zeros(1))
  expect(answer(newSession(), longer)).toEqual(refusal(EIO))
  expect(answer(newSession(), request(3, 1, zeros(16)).subarray(0, 48))).toEqual(refusal(EIO))
})

test.each([
  ['LOOKUP', 1, 0],
  ['SETATTR', 4, 87],
  ['OPEN', 14, 7],
  ['READ', 15, 39],
  ['WRITE', 16, 39],
  ['RELEASE', 18, 15],
  ['FSYNC', 20, 15],
  ['FLUSH', 25, 15],
  ['INIT', 26, 15],
  ['OPENDIR', 27, 7],
  ['READDIR', 28, 39],
  ['RELEASEDIR', 29, 15],
  ['FALLOCATE', 43, 31],
  ['LSEEK', 46, 23],
])('%s that is too short for its struct is refused, whatever the buffer held before', (_, opcode, length) => {
  const session = newSession()
  const exchange = session.newExchange()
  exchange.bytes.fill(0xff)
  expect(answer(session, request(opcode, 2, zeros(length)), undefined, exchange)).toEqual(refusal(EINVAL))
})

test('any bytes are answered by a well-formed reply or none, and change nothing but the file', () => {
  const session = newSession()
  const exchange = session.newExchange()
  const opcode = fc.oneof(fc.nat(60), fc.nat(0xffff_ffff))
  const small = fc.oneof(fc.nat(4), fc.nat(12_000), fc.nat(0xffff_ffff))
  fc.assert(
    fc.property(opcode, fc.nat(4), fc.array(small, { maxLength: 30 }), (code, nodeId, words) => {
      const unexpected: unknown[] = []
      const bytes = request(code, nodeId, ...words.map(u32))
      const got = answer(session, bytes, (error) => unexpected.push(error), exchange)
      expect(unexpected).toEqual([])
      if (got.length === 0) return [2, 41, 42].includes(code)
      const view = new DataView(got.buffer)
      const error = view.getInt32(4, true)
      return (
        view.getUint32(0, true) === got.length &&
        got.length <= 16 + (1 << 20) &&
        error <= 0 &&
        error > -512 &&
        (error === 0 || got.length === 16)
      )
    }),
    { numRuns: 3000 },
  )
})

test('an exchange is used again without a trace of the request before', () => {
  const session = newSession()
  const exchange = session.newExchange()
  answer(session, request(2, 2, u64(1)), undefined, exchange)
  expect(exchange.replyLength).toBe(0)
  expect(answer(session, request(30, 1, zeros(16)), undefined, exchange)).toEqual(reply())
  answer(session, request(1, 1, Buffer.from('.stop-serving-abc\0')), undefined, exchange)
  expect(exchange.stopToken).toBe('abc')
  answer(session, request(1, 1, Buffer.from('disk\0')), undefined, exchange)
  expect(exchange.stopToken).toBeUndefined()
})

test.each(['', '.', '..', 'a/b', 'a\0b', 'x'.repeat(256), '.stop-serving-abc'])(
  'a file cannot be called %j',
  (name) => {
    expect(() => new FuseFileSystem({ files: [new MemoryFile(name, new Uint8Array(1))] })).toThrow(TypeError)
  },
)

test('two files of one name, and sizes that are none, are refused', () => {
  const file = new MemoryFile('disk', new Uint8Array(1))
  expect(() => new FuseFileSystem({ files: [file, file] })).toThrow(/two files/)
  for (const size of [-1, 1.5, Number.NaN, 2 ** 53]) {
    expect(
      () =>
        new FuseFileSystem({ files: [{ name: 'disk', size, read: () => file.read(0, new Uint8Array()) }] }),
    ).toThrow(TypeError)
  }
})
