/** A session answers the same whoever drives it, and whether its file is done within a call or leaves something to be driven. */
import { constants } from 'node:os'
import { expect, test } from 'vitest'
import { runAsync } from '@bttkit/sleepable'
import { MemoryFile } from '../memory-file.test-support.ts'
import { FuseFileSystem } from './fuse-file-system.ts'
import type { FuseFile } from './fuse-file.ts'
import { FuseSession } from './fuse-session.ts'
import { join, refusal, reply, request, u32, u64, zeros } from './request-bytes.test-support.ts'

const { ENOSPC } = constants.errno
const DISK = 2
const SIZE = 10_000
const HANDLE = join(u32(DISK), u32(3))
const WRITE_BACK = 1

type Drive = (session: FuseSession, exchange: ReturnType<FuseSession['newExchange']>) => Promise<void>

const unexpected = (error: unknown): never => {
  throw error
}

const DRIVERS: readonly (readonly [string, Drive])[] = [
  ['asynchronously', (session, exchange) => runAsync(session.handle(exchange, unexpected))],
  ['blocking', async (session, exchange) => session.handleBlocking(exchange, unexpected)],
]

/** The same content, all done within the calls. */
class PromptFile implements FuseFile {
  readonly name = 'disk'
  readonly size = SIZE
  readonly content = Uint8Array.from({ length: SIZE }, (_, at) => at % 251)
  failure: unknown

  read(offset: number, target: Uint8Array): void {
    this.failIfAsked()
    target.set(this.content.subarray(offset, offset + target.length))
  }

  write(offset: number, source: Uint8Array): void {
    this.failIfAsked()
    this.content.set(source, offset)
  }

  sync(): void {
    this.failIfAsked()
  }

  private failIfAsked(): void {
    const { failure } = this
    this.failure = undefined
    if (failure !== undefined) throw failure
  }
}

const FILES: readonly (readonly [string, () => PromptFile | MemoryFile])[] = [
  ['done within a call', () => new PromptFile()],
  [
    'driven',
    () =>
      new MemoryFile(
        'disk',
        Uint8Array.from({ length: SIZE }, (_, at) => at % 251),
      ),
  ],
]

const CASES = DRIVERS.flatMap(([driver, drive]) =>
  FILES.map(([kind, make]) => ({ driver, drive, kind, make })),
)

function read(offset: number, size: number): Uint8Array {
  return request(15, DISK, HANDLE, u64(offset), u32(size), u32(0), u64(0), u32(0), u32(0))
}

function write(offset: number, data: Uint8Array, flags = 0): Uint8Array {
  return request(16, DISK, HANDLE, u64(offset), u32(data.length), u32(flags), u64(0), u32(0), u32(0), data)
}

const fsync = request(20, DISK, HANDLE, u32(0), u32(0))

function setUp(make: () => PromptFile | MemoryFile, drive: Drive) {
  const file = make()
  const session = new FuseSession(new FuseFileSystem({ files: [file] }))
  const exchange = session.newExchange()
  const ask = async (bytes: Uint8Array): Promise<Uint8Array> => {
    exchange.bytes.set(bytes)
    exchange.requestLength = bytes.length
    await drive(session, exchange)
    return exchange.reply.slice()
  }
  return { file, ask }
}

test.each(CASES)('$driver, a file $kind: requests of changing lengths', async ({ make, drive }) => {
  const { file, ask } = setUp(make, drive)
  for (const [offset, length] of [
    [0, 4096],
    [4096, 4096],
    [333, 100],
    [5000, 4096],
    [SIZE - 10, 10],
  ] as const) {
    const data = new Uint8Array(length).fill((offset % 250) + 1)
    expect(await ask(write(offset, data))).toEqual(reply(u32(length), u32(0)))
    expect(file.content.subarray(offset, offset + length)).toEqual(data)
    expect(await ask(read(offset, length))).toEqual(reply(data))
  }
  expect(await ask(read(100, 50))).toEqual(reply(file.content.slice(100, 150)))
  expect(await ask(fsync)).toEqual(reply())
})

test.each(CASES)(
  '$driver, a file $kind: what fails is answered with its errno, once',
  async ({ make, drive }) => {
    const { file, ask } = setUp(make, drive)
    for (const asked of [read(0, 512), write(0, zeros(512)), fsync]) {
      file.failure = { errno: 'ENOSPC' }
      expect(await ask(asked)).toEqual(refusal(ENOSPC))
      expect((await ask(asked)).subarray(4, 8)).toEqual(u32(0))
    }
  },
)

test.each(CASES)(
  '$driver, a file $kind: fsync hears of a write-back that failed',
  async ({ make, drive }) => {
    const { file, ask } = setUp(make, drive)
    file.failure = { errno: 'ENOSPC' }
    expect(await ask(write(0, zeros(512), WRITE_BACK))).toEqual(refusal(ENOSPC))
    expect(await ask(fsync)).toEqual(refusal(ENOSPC))
    expect(await ask(fsync)).toEqual(reply())
  },
)
