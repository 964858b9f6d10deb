/** Reads of blocks that the medium has lost: what the caller gets, and what becomes of the map. */
import { expect, test } from 'vitest'
import {
  BadBlockError,
  ProviderIoError,
  SectorErrorError,
  type BttDevice,
  type MaybeSleep,
  type Zeroing,
} from '@bttkit/interfaces'
import { errorEntry, mapState } from '@bttkit/btt-format'
import { runAtomic } from '@bttkit/sleepable'
import { BadMedia, fill, readSector, withLostSector } from './bad-media.test-support.ts'
import { PassingProvider, bijectionProblems, sha256 } from './engine.test-support.ts'

/** A provider whose reads of blocks pass through `read`. */
class Reading extends PassingProvider {
  private readonly around: (read: () => MaybeSleep, offset: number) => MaybeSleep

  constructor(media: BadMedia, around: (read: () => MaybeSleep, offset: number) => MaybeSleep) {
    super(media.provider)
    this.around = around
  }

  override read(offset: number, target: Uint8Array): MaybeSleep {
    return this.around(() => super.read(offset, target), offset)
  }
}

test.each([
  ['a whole sector', (device: BttDevice) => device.atomic.read(3, fill(0))],
  ['a range over it', (device: BttDevice) => device.atomic.read(1, fill(0, 5 * 512))],
  ['a part of it', (device: BttDevice) => device.atomic.readBytes(3 * 512 + 7, fill(0, 3))],
  [
    'the old rest of a partial write',
    (device: BttDevice) => device.atomic.writeBytes(3 * 512 + 7, fill(9, 3)),
  ],
])('a read of %s that the medium has lost is EIO, and marks the sector', (_name, look) => {
  const media = withLostSector()
  const block = media.blockOf(3)
  const device = media.attach()
  expect(() => look(device)).toThrow(
    expect.objectContaining({ code: 'BTT_SECTOR_ERROR', errno: 'EIO', cause: expect.any(BadBlockError) }),
  )
  expect(media.entry(3)).toBe(errorEntry(block))
  expect(bijectionProblems(media.memory.mapping, 4096)).toEqual([])
  // It is the map that says so now.
  expect(() => readSector(media.copy().attach(), 3)).toThrow(SectorErrorError)
  expect(readSector(device, 4)).toEqual(fill(1))
  expect(device.statistics().lanesInUse).toBe(0)
})

test('the metadata of a sector is a part of it', () => {
  const media = BadMedia.fresh({ externalLbasize: 4104 })
  // Under one lane the second sector goes to a block whose metadata begin a unit.
  const device = media.attach({ laneCount: 1 })
  device.atomic.write(0, fill(1, 2 * 4096), fill(2, 16))
  media.spoilSector(1, 8)
  expect(readSector(device, 1)).toEqual(fill(1, 4096))
  expect(mapState(media.entry(1))).toBe('normal')
  expect(() => device.atomic.read(1, fill(0, 4096), fill(0, 8))).toThrow(SectorErrorError)
  expect(mapState(media.entry(1))).toBe('error')
})

test('what of a sector the medium has is read as long as nobody asks for the rest', () => {
  const media = withLostSector(4096)
  const device = media.attach()
  const rest = fill(0, 4096 - 512)
  device.atomic.readBytes(3 * 4096 + 512, rest)
  expect(rest).toEqual(fill(1, 4096 - 512))
  expect(mapState(media.entry(3))).toBe('normal')
})

test('a sector that was never written and shows what is in its block is marked by the block of its own number', () => {
  const media = withLostSector()
  media.spoilBlock(100)
  expect(readSector(media.attach(), 100)).toEqual(fill(0))
  const device = media.attach({ initialSectors: 'identity' })
  expect(() => readSector(device, 100)).toThrow(SectorErrorError)
  expect(media.entry(100)).toBe(errorEntry(100))
})

test.each<[string, (device: BttDevice) => void, number, Zeroing]>([
  ['that is written', (device) => device.atomic.write(3, fill(7)), 7, 'flags'],
  ['that is zeroed by flags', (device) => device.atomic.zero(3, 1), 0, 'flags'],
  ['that is zeroed by data', (device) => device.atomic.zero(3, 1), 0, 'data'],
])('a lost sector %s is good again', (_name, change, byte, zeroing) => {
  const media = withLostSector()
  const device = media.attach({ zeroing })
  expect(() => readSector(device, 3)).toThrow(SectorErrorError)
  change(device)
  expect(readSector(device, 3)).toEqual(fill(byte))
  expect(bijectionProblems(media.memory.mapping, 4096)).toEqual([])
})

test('an image that is attached for reading is read, and not marked', () => {
  const media = withLostSector()
  const before = sha256(media.memory.mapping)
  expect(() => readSector(media.attach({ readOnly: true }), 3)).toThrow(SectorErrorError)
  expect(sha256(media.memory.mapping)).toBe(before)
})

test('an arena that takes no writes is not marked', () => {
  const media = withLostSector()
  let fails = false
  const provider = new (class extends PassingProvider {
    override write(offset: number, source: Uint8Array): MaybeSleep {
      if (fails && offset === media.entryOffset(8)) throw new ProviderIoError({}, 'fails', 'EIO')
      return super.write(offset, source)
    }
  })(media.provider)
  const device = media.attach({}, provider)
  fails = true
  expect(() => device.blocking.write(8, fill(2))).toThrow(ProviderIoError)
  expect(() => readSector(device, 3)).toThrow(SectorErrorError)
  expect(mapState(media.entry(3))).toBe('normal')
})

test('a read that fails otherwise marks nothing', () => {
  const media = withLostSector()
  const device = media.attach(
    {},
    new Reading(media, (read, offset) => {
      if (offset === media.blockOffset(media.blockOf(3)))
        throw new ProviderIoError({}, 'too late', 'ETIMEDOUT')
      return read()
    }),
  )
  expect(() => readSector(device, 3)).toThrow(ProviderIoError)
  expect(mapState(media.entry(3))).toBe('normal')
})

test('a loss that another copy of the error class reports counts as one', () => {
  const media = withLostSector()
  class OwnBadBlockError extends Error {
    readonly code = 'BTT_BAD_BLOCK'
  }
  const device = media.attach(
    {},
    new Reading(media, (read, offset) => {
      if (offset === media.blockOffset(media.blockOf(3))) throw new OwnBadBlockError('lost')
      return read()
    }),
  )
  expect(() => readSector(device, 3)).toThrow(SectorErrorError)
  expect(mapState(media.entry(3))).toBe('error')
})

test('what passes costs no sector', () => {
  const media = withLostSector().copy()
  let failures = 1
  const device = media.attach(
    {},
    new Reading(media, (read, offset) => {
      if (offset === media.blockOffset(media.blockOf(3)) && failures-- > 0)
        throw new BadBlockError({}, 'lost')
      return read()
    }),
  )
  expect(readSector(device, 3)).toEqual(fill(1))
  expect(mapState(media.entry(3))).toBe('normal')
})

test('a medium that serves each second read does not hold a reader up for ever, and costs no sector', () => {
  const media = withLostSector().copy()
  let reads = 0
  const device = media.attach(
    {},
    new Reading(media, (read, offset) => {
      if (offset === media.blockOffset(media.blockOf(3)) && reads++ % 2 === 0)
        throw new BadBlockError({}, 'lost')
      return read()
    }),
  )
  expect(() => runAtomic(device.sleepable.read(3, fill(0)))).toThrow(SectorErrorError)
  expect(mapState(media.entry(3))).toBe('normal')
})

test.each(['write', 'flush'] as const)('a mark that fails at its %s does not hide the loss', (failing) => {
  const media = withLostSector()
  let isArmed = false
  const provider = new (class extends PassingProvider {
    override write(offset: number, source: Uint8Array): MaybeSleep {
      if (isArmed && failing === 'write') throw new ProviderIoError({}, 'fails', 'EIO')
      return super.write(offset, source)
    }

    override flush(): MaybeSleep {
      if (isArmed && failing === 'flush') throw new ProviderIoError({}, 'fails', 'EIO')
      return undefined
    }
  })(media.provider, { flush: 'immediate', durableOnWrite: false })
  const device = media.attach({}, provider)
  isArmed = true
  expect(() => readSector(device, 3)).toThrow(
    expect.objectContaining({ code: 'BTT_SECTOR_ERROR', cause: expect.any(BadBlockError) }),
  )
  isArmed = false
  expect(mapState(media.entry(3))).toBe(failing === 'write' ? 'normal' : 'error')
  const write = (): void => device.blocking.write(8, fill(2))
  // Of a failed flush nobody knows what it has lost; a store of one entry is made or not.
  if (failing === 'flush') expect(write).toThrow(expect.objectContaining({ code: 'BTT_ARENA_ERROR_STATE' }))
  else expect(write).not.toThrow()
  expect(bijectionProblems(media.memory.mapping, 4096)).toEqual([])
})

test('a sector of which the map says by now that it is another block is read there, and not marked', () => {
  const media = withLostSector()
  const lost = media.blockOffset(media.blockOf(3))
  let isFirst = true
  const device: BttDevice = media.attach(
    { laneCount: 2 },
    new Reading(media, (read, offset) => {
      // The writer comes between the read that fails and the look at what the map says by then.
      if (offset !== lost || !isFirst) return read()
      isFirst = false
      device.blocking.write(3, fill(5))
      return read()
    }),
  )
  expect(readSector(device, 3)).toEqual(fill(5))
  expect(mapState(media.entry(3))).toBe('normal')
  expect(bijectionProblems(media.memory.mapping, 4096)).toEqual([])
})
