/** Devices whose map is cached: what is loaded from the storage, and that what is found is what the storage has. */
import { expect, test } from 'vitest'
import {
  BadBlockError,
  ProviderIoError,
  SectorErrorError,
  type AttachOptions,
  type BttDevice,
  type MaybeSleep,
  type PmemProvider,
} from '@bttkit/interfaces'
import { MAP_ENTRY_BYTES } from '@bttkit/btt-format'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAtomic, runBlocking } from '@bttkit/sleepable'
import {
  MIB,
  PassingProvider,
  bijectionProblems,
  engine,
  freshMemory,
  interruptedMemory,
} from './engine.test-support.ts'
import { SECTOR, driveToWait, expectSound, lateDevice } from './late-device.test-support.ts'
import { RecordingProvider } from './recorded-calls.test-support.ts'

const fill = (byte: number, length = 512): Uint8Array => new Uint8Array(length).fill(byte)

function freshBytes(): SharedArrayBuffer {
  const { mapping, size } = freshMemory(17 * MIB, { externalLbasize: 512, nfree: 4 })
  const bytes = new SharedArrayBuffer(size)
  new Uint8Array(bytes).set(mapping)
  return bytes
}

/** Sectors 0 to 79 are written, each in a call of its own. */
function prepared(options: AttachOptions = {}, over = (provider: PmemProvider): PmemProvider => provider) {
  const bytes = new Uint8Array(freshBytes())
  const memory = (): MemoryProvider => new MemoryProvider({ bytes }, 'memory')
  const writer = runAtomic(engine.attach(memory()))
  for (let lba = 0; lba < 80; lba++) writer.atomic.write(lba, fill(1 + lba))
  const provider = new RecordingProvider(over(memory()), { flush: 'immediate', durableOnWrite: false })
  const device = runAtomic(engine.attach(provider, { zeroing: 'flags', ...options }))
  provider.calls.length = 0
  return { bytes, memory, provider, device }
}

function readByte(device: BttDevice, lba: number): number | undefined {
  const sector = fill(0xcc)
  runBlocking(device.sleepable.read(lba, sector))
  expect(new Set(sector).size).toBe(1)
  return sector[0]
}

/** How often the map was loaded since the last time. */
const loadsOf = (provider: RecordingProvider): number =>
  provider.takeLines().filter((line) => line === 'map: read').length

test.each([
  ['at once', (device: BttDevice, lba: number) => device.blocking.read(lba, fill(0))],
  [
    'that may be preempted',
    (device: BttDevice, lba: number) => runBlocking(device.sleepable.read(lba, fill(0))),
  ],
])('reads %s of a line that was used load nothing of the map', (_how, read) => {
  const { provider, device } = prepared()
  read(device, 3)
  expect(loadsOf(provider)).toBe(1)
  for (const lba of [3, 0, 15]) read(device, lba)
  expect(loadsOf(provider)).toBe(0)
  read(device, 16)
  expect(loadsOf(provider)).toBe(1)
})

test.each([
  ['at once', (device: BttDevice, lba: number, byte: number) => device.blocking.write(lba, fill(byte))],
  [
    'that may be preempted',
    (device: BttDevice, lba: number, byte: number) => runBlocking(device.sleepable.write(lba, fill(byte))),
  ],
  [
    'of several sectors',
    (device: BttDevice, lba: number, byte: number) => device.blocking.write(lba, fill(byte, 1024)),
  ],
  ['of a part', (device: BttDevice, lba: number) => device.blocking.writeBytes(lba * 512, fill(7, 10))],
  ['of zeros', (device: BttDevice, lba: number) => device.blocking.zero(lba, 2)],
])('writes %s load the map once a line, and what is read afterwards is theirs', (_how, write) => {
  const { bytes, memory, provider, device } = prepared()
  for (const [index, lba] of [3, 3, 7, 3].entries()) write(device, lba, 100 + index)
  expect(loadsOf(provider)).toBe(1)
  const fresh = runAtomic(engine.attach(memory(), { readOnly: true }))
  for (let lba = 0; lba < 16; lba++) {
    const [own, theirs] = [fill(0), fill(0)]
    device.blocking.read(lba, own)
    fresh.atomic.read(lba, theirs)
    expect(own, `LBA ${lba}`).toEqual(theirs)
  }
  expect(loadsOf(provider)).toBe(0)
  expect(bijectionProblems(bytes, 4096)).toEqual([])
})

test('in a cache of four lines one makes room for another that is missed twice, and all stays right', () => {
  const { bytes, provider, device } = prepared({ mapCacheBytes: 4 * 20 * 4 })
  const rival = 3 + 64
  for (const [lba, loads] of [
    [3, 1],
    [rival, 2],
    [3, 0],
    [rival, 1],
    [rival, 0],
    [3, 2],
  ] as const) {
    readByte(device, lba)
    expect(loadsOf(provider)).toBe(loads)
  }
  for (let round = 0; round < 3; round++)
    for (let lba = 3; lba < 80; lba += 16) {
      device.blocking.write(lba, fill(100 + round))
      expect(readByte(device, lba)).toBe(100 + round)
      expect(readByte(device, lba - 1)).toBe(lba)
    }
  expect(bijectionProblems(bytes, 4096)).toEqual([])
})

const stateBytes = (device: BttDevice): number => device.share().state.byteLength

test('the cache takes what the map needs, and no more than it is given', () => {
  const memory = freshMemory(17 * MIB, { externalLbasize: 512, nfree: 4 })
  const attach = (mapCacheBytes?: number): BttDevice =>
    runAtomic(engine.attach(new PassingProvider(memory), { threads: true, mapCacheBytes }))
  const none = stateBytes(attach(0))
  const map = attach().sectorCount * MAP_ENTRY_BYTES
  expect(stateBytes(attach()) - none).toBeGreaterThanOrEqual(map)
  expect(stateBytes(attach()) - none).toBeLessThan(1.2 * map)
  for (const limit of [2 ** 14, 2 ** 12]) {
    expect(stateBytes(attach(limit)) - none).toBeLessThanOrEqual(limit)
    expect(stateBytes(attach(limit)) - none).toBeGreaterThan(limit / 2)
  }
})

test('storage that is directly addressable gets no cache', () => {
  const memory = freshMemory(17 * MIB, { externalLbasize: 512, nfree: 4 })
  const attach = (mapCacheBytes?: number): BttDevice =>
    runAtomic(engine.attach(memory, { threads: true, mapCacheBytes }))
  expect(stateBytes(attach())).toBe(stateBytes(attach(0)))
})

test.each([-1, 0.5, NaN, Infinity])('a cache of %d bytes is refused', (mapCacheBytes) => {
  expect(() => runAtomic(engine.attach(freshMemory(17 * MIB), { mapCacheBytes }))).toThrow(RangeError)
})

test('what one thread has stored, another one finds in the cache that they share', async () => {
  const bytes = new Uint8Array(freshBytes())
  for (const atomicAccessBytes of [4, 0]) {
    const provider = (): RecordingProvider =>
      new RecordingProvider(new MemoryProvider({ bytes }, 'shared'), {
        mayWait: true,
        flush: 'sleeps',
        durableOnWrite: false,
        atomicAccessBytes,
      })
    const [own, theirs] = [provider(), provider()]
    const device = runBlocking(engine.attach(own, { threads: true }))
    const other = runBlocking(engine.join(theirs, device.share()))
    device.blocking.write(3, fill(2))
    loadsOf(theirs)
    expect(readByte(other, 3)).toBe(2)
    other.blocking.write(3, fill(4))
    expect(loadsOf(theirs)).toBe(0)
    loadsOf(own)
    expect(readByte(device, 3)).toBe(4)
    expect(loadsOf(own)).toBe(0)
    runBlocking(device.sleepable.close())
  }
})

/** Loses the map entry of LBA 3, and says so whenever somebody reads it. */
class LosingEntry extends PassingProvider {
  lost = -1

  override read(offset: number, target: Uint8Array): MaybeSleep {
    if (this.lost >= offset && this.lost < offset + target.length)
      throw new BadBlockError({ offset: this.lost }, 'gone')
    return super.read(offset, target)
  }
}

test('a map entry that the medium has lost is missed by those who need it, and by nobody else of its line', () => {
  let losing: LosingEntry | undefined
  const { device } = prepared({}, (inner) => (losing = new LosingEntry(inner)))
  const [arena] = device.info.arenas
  if (losing === undefined || arena === undefined) throw new Error('the device has no storage')
  losing.lost = arena.offset + arena.mapoff + 3 * MAP_ENTRY_BYTES
  for (let round = 0; round < 2; round++) {
    expect(() => readByte(device, 3)).toThrow(BadBlockError)
    expect(readByte(device, 4)).toBe(5)
    device.blocking.write(4, fill(5))
  }
  expect(device.statistics().lanesInUse).toBe(0)
})

/** Fails the stores of map entries when it is told to. */
class FailingStores extends PassingProvider {
  isFailing = false

  annotate(): void {}

  override write(offset: number, source: Uint8Array): MaybeSleep {
    if (this.isFailing) throw new ProviderIoError({ offset }, 'no', 'EIO')
    return super.write(offset, source)
  }
}

test('a zeroing whose store fails is not found in the cache, nor by who comes after it', () => {
  let storage: FailingStores | undefined
  const { device } = prepared({}, (inner) => (storage = new FailingStores(inner)))
  if (storage === undefined) throw new Error('the device has no storage')
  readByte(device, 3)
  storage.isFailing = true
  expect(() => device.blocking.zero(3, 1)).toThrow(ProviderIoError)
  storage.isFailing = false
  expect(readByte(device, 3)).toBe(4)
  device.blocking.zero(4, 1)
  expect([3, 4, 5].map((lba) => readByte(device, lba))).toEqual([4, 0, 6])
})

/** Its flush fails once, and forgets what was stored last. */
class ForgetfulFlush extends PassingProvider {
  isFailing = false
  private before: { offset: number; bytes: Uint8Array } | undefined

  override write(offset: number, source: Uint8Array): MaybeSleep {
    const bytes = new Uint8Array(source.length)
    void this.inner.read(offset, bytes)
    this.before = { offset, bytes }
    return super.write(offset, source)
  }

  override flush(): MaybeSleep {
    if (!this.isFailing) return undefined
    this.isFailing = false
    if (this.before !== undefined) void this.inner.write(this.before.offset, this.before.bytes)
    throw new ProviderIoError({}, 'no', 'EIO')
  }
}

test('in the error state the storage says what is there, and not the cache', () => {
  const bytes = new Uint8Array(freshBytes())
  const storage = new ForgetfulFlush(new MemoryProvider({ bytes }, 'memory'), {
    flush: 'immediate',
    durableOnWrite: false,
  })
  const device = runAtomic(engine.attach(storage, { zeroing: 'flags' }))
  device.blocking.write(3, fill(1))
  storage.isFailing = true
  expect(() => device.blocking.zero(3, 1)).toThrow(ProviderIoError)
  expect(readByte(device, 3)).toBe(1)
})

test('what a medium has lost is an error in the cache as it is in the map', () => {
  let losing: LosingEntry | undefined
  const { device, provider } = prepared({}, (inner) => (losing = new LosingEntry(inner)))
  readByte(device, 3)
  const data = provider.calls.find(({ stage, method }) => stage === 'data' && method === 'read')
  if (losing === undefined || data === undefined) throw new Error('nothing was read')
  losing.lost = data.offset
  expect(() => readByte(device, 3)).toThrow(SectorErrorError)
  provider.calls.length = 0
  expect(() => readByte(device, 3)).toThrow('the map marks it as an error')
  expect(provider.calls).toEqual([])
  losing.lost = -1
  device.blocking.write(3, fill(9))
  expect(readByte(device, 3)).toBe(9)
})

test('an interrupted write that a read-only device completes in memory is there with a cache as well', () => {
  const device = runAtomic(engine.attach(new PassingProvider(interruptedMemory()), { readOnly: true }))
  for (let round = 0; round < 3; round++) expect(readByte(device, 3)).toBe(2)
})

test('a reader that is abandoned while it brings a line in leaves neither the line nor its lock behind', async () => {
  const { bytes, provider, device } = await lateDevice({ laneCount: 2, mapCacheBytes: 2 ** 20 })
  const reading = device.sleepable.read(11, fill(0, SECTOR))
  await driveToWait(reading, provider, 1)
  expect(provider.calls).toMatchObject([{ kind: 'read', length: 64 }])
  reading.return()
  const written = device.write(11, fill(5, SECTOR))
  provider.finishAll()
  await written
  const sector = fill(0, SECTOR)
  await device.read(11, sector)
  expect(sector).toEqual(fill(5, SECTOR))
  expect(device.statistics().lanesInUse).toBe(0)
  expectSound(bytes, 5, 'afterwards')
})

test('a reader whose line is being stored does not wait for it, and finds it afterwards', async () => {
  const { provider, device } = await lateDevice({ laneCount: 2, mapCacheBytes: 2 ** 20 })
  provider.isLate = false
  await device.read(11, fill(0, SECTOR))
  provider.isLate = true
  const written = device.write(11, fill(5, SECTOR))
  while (provider.calls[0]?.length !== MAP_ENTRY_BYTES) {
    provider.calls[0]?.finish()
    await new Promise((resolve) => void setImmediate(resolve))
  }
  const reading = device.sleepable.read(12, fill(0, SECTOR))
  expect(await driveToWait(reading, provider, 1)).toBe(true)
  expect(provider.calls).toMatchObject([
    { kind: 'write', length: MAP_ENTRY_BYTES },
    { kind: 'read', length: MAP_ENTRY_BYTES },
  ])
  provider.finishAll()
  await written
  runBlocking(reading)
  provider.isLate = true
  const again = device.sleepable.read(12, fill(0, SECTOR))
  await driveToWait(again, provider, 1)
  expect(provider.calls).toMatchObject([{ kind: 'read', length: SECTOR }])
  provider.finishAll()
  runBlocking(again)
})
