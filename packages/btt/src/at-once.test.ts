/** Where an operation cannot be done at once it goes the way of all others, and nothing is stored before that. */
import { expect, test } from 'vitest'
import { mapState } from '@bttkit/btt-format'
import type { AttachOptions, BttDevice } from '@bttkit/interfaces'
import { runAtomic } from '@bttkit/sleepable'
import { WAYS, WatchedProvider, endOf, engineWithTables } from './at-once.test-support.ts'
import { BadMedia, fill, readSector, withLostSector } from './bad-media.test-support.ts'
import { bijectionProblems, sha256 } from './engine.test-support.ts'
import { flushed } from './faults.test-support.ts'
import { settle } from './late-provider.test-support.ts'
import { RecordingProvider } from './recorded-calls.test-support.ts'

const REFUSED = /^BTT_WOULD_SLEEP: /

/** A device whose first 40 sectors are 1, its medium, and what its operations may have to wait for. */
function attached(options: AttachOptions = {}) {
  const media = BadMedia.fresh()
  media.attach().atomic.write(0, fill(1, 40 * 512))
  const { engine, tables } = engineWithTables()
  const provider = new WatchedProvider(flushed(media.memory))
  const device = runAtomic(engine.attach(provider, options))
  provider.calls.length = 0
  return { media, tables, provider, device, bytes: media.memory.mapping }
}

/** As that one, and a write of 2 to LBA 3 is under way: in its lane it waits for its map lock, which comes free when `goOn` is called. */
async function withWriteUnderWay(options: AttachOptions) {
  const given = attached(options)
  const { mapLocks } = given.tables
  expect(mapLocks.tryAcquire(0)).toBe(true)
  const written = given.device.write(3, fill(2))
  await settle()
  given.provider.calls.length = 0
  return { ...given, written, goOn: () => mapLocks.release(0) }
}

async function expectSound({ device, bytes }: Pick<ReturnType<typeof attached>, 'device' | 'bytes'>) {
  await settle()
  expect(device.statistics().lanesInUse).toBe(0)
  expect(bijectionProblems(bytes, 4096)).toEqual([])
}

test('where no lane is idle the atomic form is refused, before it has called the storage', async () => {
  const { device, provider, bytes, written, goOn } = await withWriteUnderWay({ laneCount: 1 })
  expect(endOf(() => device.atomic.read(20, fill(0)))).toMatch(REFUSED)
  expect(endOf(() => device.atomic.write(20, fill(3)))).toMatch(REFUSED)
  expect(provider.calls).toEqual([])
  goOn()
  await written
  await expectSound({ device, bytes })
})

test('where no lane is idle the asynchronous form waits for one', async () => {
  const { device, bytes, written, goOn } = await withWriteUnderWay({ laneCount: 1 })
  const target = fill(0)
  const all = Promise.all([device.read(3, target), device.write(20, fill(4)), written])
  await settle()
  expect(device.statistics()).toMatchObject({ reads: 0, writes: 0, lanesInUse: 1 })
  goOn()
  await all
  expect(target).toEqual(fill(2))
  expect(await byteOf(device, 20)).toBe(4)
  await expectSound({ device, bytes })
})

async function byteOf(device: BttDevice, lba: number): Promise<number | undefined> {
  const sector = fill(0xcc)
  await device.read(lba, sector)
  expect(new Set(sector).size).toBe(1)
  return sector[0]
}

test('where its map lock is in use, the atomic form is refused and has stored nothing at all', async () => {
  const { device, bytes, written, goOn } = await withWriteUnderWay({})
  const before = sha256(bytes)
  for (const lba of [3, 4, 15]) expect(endOf(() => device.atomic.write(lba, fill(3)))).toMatch(REFUSED)
  expect(sha256(bytes)).toBe(before)
  // Another line of the map has another lock, and a reader needs none.
  device.atomic.write(16, fill(3))
  const target = fill(0)
  device.atomic.read(3, target)
  expect(target).toEqual(fill(1))
  goOn()
  await written
  await expectSound({ device, bytes })
})

test('where its map lock is in use, the asynchronous form waits for it, with what it has read under it', async () => {
  const { device, bytes, written, goOn } = await withWriteUnderWay({})
  const second = device.write(3, fill(5))
  await settle()
  expect(device.statistics()).toMatchObject({ writes: 0, lanesInUse: 2 })
  goOn()
  await Promise.all([written, second])
  expect(await byteOf(device, 3)).toBe(5)
  await expectSound({ device, bytes })
})

test('while its free block is read, the atomic form of a write is refused and has stored nothing', () => {
  const { media, device, tables, provider } = attached({ laneCount: 2 })
  tables.readTracking.enter(1, media.flogEntry(0).oldMap & 0x3fff_ffff)
  expect(endOf(() => device.atomic.write(20, fill(3)))).toMatch(REFUSED)
  expect(provider.calls).toEqual([])
})

test('while its free block is read, the asynchronous form of a write waits', async () => {
  const { media, device, tables, provider, bytes } = attached({ laneCount: 2 })
  tables.readTracking.enter(1, media.flogEntry(0).oldMap & 0x3fff_ffff)
  const written = device.write(20, fill(3))
  await settle()
  expect(provider.calls).toEqual([])
  tables.readTracking.leave(1)
  await written
  expect(await byteOf(device, 20)).toBe(3)
  await expectSound({ device, bytes })
})

test.each(WAYS)('%s, a free block whose medium is bad is cleared before it is written', (_name, way) => {
  const media = BadMedia.fresh()
  media.attach().atomic.write(0, fill(1, 40 * 512))
  media.spoilBlock(media.flogEntry(0).oldMap & 0x3fff_ffff)
  const provider = new RecordingProvider(media.provider, { flush: 'immediate', durableOnWrite: false })
  const device = media.attach({}, provider)
  provider.takeLines()
  way(device).write(20, fill(3))
  expect(provider.takeLines().slice(0, 4)).toEqual([
    'clear: write',
    'clear: persist',
    'clear: read',
    'data: write',
  ])
  expect(media.provider.badBlocks()).toEqual([])
  expect(readSector(device, 20)).toEqual(fill(3))
})

test.each(WAYS)('%s, a sector whose medium is lost is marked once', (_name, way) => {
  const media = withLostSector()
  const provider = new RecordingProvider(media.provider, { flush: 'immediate', durableOnWrite: false })
  const device = media.attach({ mapCacheBytes: 0 }, provider)
  provider.takeLines()
  const read = (): string | undefined => endOf(() => way(device).read(3, fill(0)))
  expect(read()).toMatch(/^BTT_SECTOR_ERROR: .*medium has lost/)
  expect(mapState(media.entry(3))).toBe('error')
  expect(provider.takeLines().filter((line) => line === 'map: write')).toHaveLength(1)
  expect(read()).toMatch(/^BTT_SECTOR_ERROR: .*map marks it/)
  expect(provider.takeLines()).toEqual(['map: read'])
  expect(device.statistics()).toMatchObject({ reads: 0, lanesInUse: 0 })
})

test.each(WAYS)('%s, a closed device refuses all but what is about no bytes', async (_name, way) => {
  const { device } = attached()
  await device.close()
  const form = way(device)
  for (const call of [
    () => form.read(3, fill(0)),
    () => form.readBytes(5, fill(0, 1)),
    () => form.write(3, fill(2)),
    () => form.writeBytes(512, fill(2)),
  ])
    expect(endOf(call)).toMatch(/^BTT_CLOSED: /)
  expect(endOf(() => form.read(3, fill(0, 0)))).toBeUndefined()
})

test.each(WAYS)(
  '%s, a device for reading only is read, and takes no write wherever it would go',
  (_name, way) => {
    const { media } = attached()
    const device = media.attach({ readOnly: true })
    const form = way(device)
    const target = fill(0)
    form.read(3, target)
    expect(target).toEqual(fill(1))
    for (const lba of [3, 2 ** 40]) {
      expect(endOf(() => form.write(lba, fill(2)))).toMatch(/^BTT_READ_ONLY: /)
      expect(endOf(() => form.writeBytes(lba * 512, fill(2)))).toMatch(/^BTT_READ_ONLY: /)
    }
  },
)

test('a read of nothing does nothing, and is not counted', () => {
  const { device, provider } = attached()
  device.atomic.read(3, fill(0, 0))
  device.atomic.readBytes(7, fill(0, 0))
  expect(provider.calls).toEqual([])
  expect(device.statistics()).toMatchObject({ reads: 0, bytesRead: 0 })
})

test('what is done is counted as ever', () => {
  const { device } = attached({ measureLanes: true })
  device.atomic.write(3, fill(2))
  device.blocking.writeBytes(4 * 512, fill(2))
  device.blocking.read(3, fill(0, 3 * 512))
  device.atomic.readBytes(5, fill(0, 7))
  const { lanes, ...counts } = device.statistics()
  // Two writes with data, both halves together, and the map; one flush at the attach.
  expect(counts).toEqual({
    reads: 2,
    writes: 2,
    zeroes: 0,
    bytesRead: 3 * 512 + 7,
    bytesWritten: 2 * 512,
    flushes: 1 + 2 * 3,
    lanesInUse: 0,
  })
  expect(lanes.map(({ acquisitions }) => acquisitions)).toEqual([1, 1, 1, 1])
})

test.each(['read', 'write'] as const)(
  'storage that uses the device while it is called itself, in the middle of a %s, takes a lane of its own',
  async (kind) => {
    const { device, provider, bytes } = attached()
    const [outer, inner] = [fill(kind === 'read' ? 0 : 7), fill(0)]
    let nested = 0
    provider.onCall = ({ stage }) => {
      if (nested > 0 || stage !== 'data') return
      nested++
      device.atomic.read(5, inner)
      device.atomic.write(30, fill(9))
    }
    device.atomic[kind](3, outer)
    expect(nested).toBe(1)
    expect(inner).toEqual(fill(1))
    expect(outer).toEqual(fill(kind === 'read' ? 1 : 7))
    expect(await byteOf(device, 3)).toBe(kind === 'read' ? 1 : 7)
    expect(await byteOf(device, 30)).toBe(9)
    await expectSound({ device, bytes })
  },
)
