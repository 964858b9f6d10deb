/** Zeroing by writing zeros, for images that Linux shall read. */
import { describe, expect, test } from 'vitest'
import { ArenaErrorStateError, ProviderIoError, type BttDevice, type MaybeSleep } from '@bttkit/interfaces'
import { KERNEL_LBASIZES, mapState } from '@bttkit/btt-format'
import { poolImage } from '@bttkit/fixtures'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAtomic } from '@bttkit/sleepable'
import { BadMedia } from './bad-media.test-support.ts'
import { MIB, PassingProvider, bijectionProblems, engine, freshMemory } from './engine.test-support.ts'
import { RecordingProvider } from './recorded-calls.test-support.ts'
import { attached } from './shared-device.test-support.ts'

const SECTOR = 512
const WRITTEN = 48
const FLUSHED = { flush: 'immediate', durableOnWrite: false, sameLineOrdered: false } as const

const fill = (byte: number, sectors = 1): Uint8Array => new Uint8Array(sectors * SECTOR).fill(byte)

/** Sectors 0 to 47 are 1, and the others were never written. */
function written(externalLbasize = SECTOR, nfree = 4): BadMedia {
  const media = BadMedia.fresh({ externalLbasize, nfree })
  const device = media.attach()
  device.atomic.write(0, fill(1, WRITTEN), new Uint8Array(WRITTEN * device.metadataSize).fill(1))
  return media
}

/** What the map says of the sectors from `first` up to `end`, each state once. */
function statesOf(media: BadMedia, first: number, end: number): string[] {
  const states = Array.from({ length: end - first }, (_, i) => mapState(media.entry(first + i)))
  return [...new Set(states)]
}

/** The first byte of each sector, as Linux would have it: of those that were never written, what is in the block of their number. */
function asLinuxReads(media: BadMedia, first: number, count: number): number[] {
  const device = media.copy().attach({ initialSectors: 'identity', readOnly: true })
  const bytes = fill(0xcc, count)
  device.atomic.read(first, bytes)
  return Array.from({ length: count }, (_, i) => bytes[i * SECTOR] ?? -1)
}

function readAll(device: BttDevice, count: number): { data: Uint8Array; metadata: Uint8Array } {
  const data = fill(0xcc, count)
  const metadata = new Uint8Array(count * device.metadataSize).fill(0xcc)
  device.atomic.read(0, data, metadata)
  return { data, metadata }
}

describe('by default it is used', () => {
  test.each(KERNEL_LBASIZES)('for sectors of %i bytes where these are fewer than 4096', (externalLbasize) => {
    const device = runAtomic(engine.attach(freshMemory(17 * MIB, { externalLbasize })))
    expect(device.zeroing).toBe(externalLbasize < 4096 ? 'data' : 'flags')
  })

  test('not in a pool, which only libpmemblk and we read', () => {
    const bytes = poolImage('one-write-512').bytes()
    expect(runAtomic(engine.attach(new MemoryProvider({ bytes }))).zeroing).toBe('flags')
  })

  test.each(['flags', 'data'] as const)('on all threads or on none: %s', (zeroing) => {
    const { device, join } = attached({ zeroing })
    expect([device.zeroing, join().zeroing]).toEqual([zeroing, zeroing])
  })
})

test.each([512, 520])(
  'written sectors of %i bytes become zeros, metadata too, and no map entry says zero',
  (externalLbasize) => {
    const media = written(externalLbasize)
    const device = media.attach()
    device.atomic.zero(5, 38)
    const { data, metadata } = readAll(device, WRITTEN)
    const isZeroed = (lba: number): boolean => lba >= 5 && lba < 43
    expect(data).toEqual(data.map((_, at) => (isZeroed(Math.floor(at / SECTOR)) ? 0 : 1)))
    const { metadataSize } = device
    expect(metadata).toEqual(metadata.map((_, at) => (isZeroed(Math.floor(at / metadataSize)) ? 0 : 1)))
    expect(statesOf(media, 0, WRITTEN)).toEqual(['normal'])
    expect(bijectionProblems(media.memory.mapping, 4096)).toEqual([])
  },
)

test('a device that nobody has written to is zeroed without a store', () => {
  const provider = new RecordingProvider(freshMemory(17 * MIB, { externalLbasize: SECTOR }))
  const device = runAtomic(engine.attach(provider))
  provider.calls.length = 0
  device.atomic.zero(0, device.sectorCount)
  expect(new Set(provider.calls.map(({ method }) => method))).toEqual(new Set(['read']))
})

test('sectors that were never written are written where old data would show through, and those beside them are not', () => {
  const media = written()
  const stale = [WRITTEN, 60, 61, 99]
  for (const lba of stale) media.memory.mapping.fill(0xab, media.blockOffset(lba), media.blockOffset(lba + 1))
  media.attach().atomic.zero(40, 60)
  for (let lba = WRITTEN; lba < 100; lba++)
    expect(mapState(media.entry(lba)), `LBA ${lba}`).toBe(stale.includes(lba) ? 'normal' : 'initial')
  expect(new Set(asLinuxReads(media, 40, 60))).toEqual(new Set([0]))
  expect(bijectionProblems(media.memory.mapping, 4096)).toEqual([])
})

test('sectors that the map calls zero are written, so that nothing of the kind is left', () => {
  const media = written()
  media.attach({ zeroing: 'flags' }).atomic.zero(3, 40)
  expect(statesOf(media, 3, 43)).toEqual(['zero'])
  const device = media.attach()
  device.atomic.zero(3, 40)
  expect(statesOf(media, 3, 43)).toEqual(['normal'])
  expect(readAll(device, WRITTEN).data).toEqual(fill(1, WRITTEN).fill(0, 3 * SECTOR, 43 * SECTOR))
})

test('a sector that was never written, and whose block the medium has lost, is written', () => {
  const media = written()
  media.spoilBlock(60)
  const device = media.attach()
  device.atomic.zero(WRITTEN, 30)
  expect(mapState(media.entry(60))).toBe('normal')
  expect(asLinuxReads(media, 60, 1)).toEqual([0])
  expect(bijectionProblems(media.memory.mapping, 4096)).toEqual([])
})

test('a block that cannot be read just now is not taken for lost: the zeroing fails', () => {
  const media = written()
  class Failing extends PassingProvider {
    override read(offset: number, target: Uint8Array): MaybeSleep {
      if (offset === media.blockOffset(60)) throw new ProviderIoError({}, 'the read fails', 'EIO')
      return super.read(offset, target)
    }
  }
  const device = media.attach({}, new Failing(media.memory))
  expect(() => device.blocking.zero(60, 1)).toThrow(ProviderIoError)
  expect(mapState(media.entry(60))).toBe('initial')
  expect(device.statistics().lanesInUse).toBe(0)
})

test('it is refused where the arena takes no writes, also if there is nothing to write', () => {
  const media = written()
  class Failing extends PassingProvider {
    fails = false
    override flush(): MaybeSleep {
      if (!this.fails) return undefined
      throw new ProviderIoError({}, 'the flush fails', 'EIO')
    }
  }
  const provider = new Failing(media.memory, FLUSHED)
  const device = media.attach({}, provider)
  provider.fails = true
  expect(() => device.atomic.flush()).toThrow(ProviderIoError)
  expect(() => device.atomic.zero(60, 1)).toThrow(ArenaErrorStateError)
})

test('32 sectors share the flushes of their stages', () => {
  const { memory } = written(SECTOR, 40)
  const provider = new RecordingProvider(memory, FLUSHED)
  const device = runAtomic(engine.attach(provider))
  provider.takeLines()
  device.atomic.zero(0, 32)
  const flushes = provider.calls.filter(({ method }) => method === 'persist' || method === 'flush')
  expect(flushes.map(({ stage }) => stage)).toEqual(['data', 'flog half 0', 'flog half 1', 'map'])
})
