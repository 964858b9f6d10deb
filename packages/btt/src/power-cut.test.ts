import { describe, expect, test } from 'vitest'
import {
  ProviderIoError,
  type AttachOptions,
  type BttDevice,
  type MaybeSleep,
  type Sleepable,
} from '@bttkit/interfaces'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAtomic, runBlocking } from '@bttkit/sleepable'
import { MIB, PassingProvider, bijectionProblems, engine, freshMemory } from './engine.test-support.ts'
import { SpareImage } from './spare-image.test-support.ts'
import { powerCutAt } from './faults.test-support.ts'

const SECTORS = 12

/** The first sectors of an image as another attach reads them. */
function contentOf(bytes: Uint8Array): Uint8Array {
  const device = runAtomic(engine.attach(new MemoryProvider({ bytes }, 'after the cut')))
  const content = new Uint8Array(SECTORS * device.sectorSize)
  device.atomic.readBytes(0, content)
  return content
}

/** Cuts the power at the n-th provider write of `operation`, for every n, and looks at each sector afterwards. */
function cutEverywhere(
  externalLbasize: number,
  operation: (device: BttDevice) => void,
  options: AttachOptions = {},
): number {
  const base = freshMemory(17 * MIB, { externalLbasize, nfree: 4 })
  const prepared = runAtomic(engine.attach(base))
  const { sectorSize } = prepared
  prepared.atomic.writeBytes(
    0,
    Uint8Array.from({ length: SECTORS * sectorSize }, (_, i) => (i * 7) & 0xff),
  )
  const spare = new SpareImage()
  const before = contentOf(spare.copyOf(base.mapping))

  const finished = spare.copyOf(base.mapping)
  operation(runAtomic(engine.attach(new MemoryProvider({ bytes: finished }, 'finished'))))
  const after = contentOf(finished)

  for (let cut = 0; ; cut++) {
    const bytes = spare.copyOf(base.mapping)
    const device = runAtomic(
      engine.attach(powerCutAt(cut + 1)(new MemoryProvider({ bytes }, 'cut')), options),
    )
    try {
      operation(device)
      return cut
    } catch (error) {
      expect(error).toBeInstanceOf(ProviderIoError)
    }
    const now = contentOf(bytes)
    for (let sector = 0; sector < SECTORS; sector++) {
      const part = [sector * sectorSize, (sector + 1) * sectorSize] as const
      const is = (model: Uint8Array): boolean =>
        Buffer.compare(now.subarray(...part), model.subarray(...part)) === 0
      expect(is(before) || is(after), `write ${cut}, sector ${sector} is torn`).toBe(true)
    }
    expect(bijectionProblems(bytes, 4096), `write ${cut}`).toEqual([])
  }
}

describe.each([512, 520, 4096])('a write over parts of %i-byte sectors', (lbasize) => {
  const cutUnder = (laneCount: number): number =>
    cutEverywhere(
      lbasize,
      (device) => device.atomic.writeBytes(100, new Uint8Array(5 * device.sectorSize + 333).fill(0xab)),
      { laneCount },
    )

  test('never tears one, whichever provider write is the last', () => {
    // Data, two flog halves and the map for each of six or seven sectors, at least.
    expect(cutUnder(1)).toBeGreaterThanOrEqual(24)
  })

  test.each([2, 3, 4])('never tears one in batches over %i lanes either', (laneCount) => {
    // Two flog halves for each of them, and for each batch data and map, at least.
    expect(cutUnder(laneCount)).toBeGreaterThanOrEqual(2 * 6 + 2 * Math.ceil(6 / laneCount))
  })
})

test('a write inside one sector never tears it', () => {
  cutEverywhere(4096, (device) => device.atomic.writeBytes(3 * 4096 + 17, new Uint8Array(1000).fill(0xcd)))
})

test.each(['flags', 'data'] as const)(
  'zeroing a range that begins and ends in the middle of sectors never tears one, by %s',
  (zeroing) => {
    cutEverywhere(512, (device) => device.atomic.zeroBytes(700, 8 * 512 + 5), { zeroing })
  },
)

/** A cache over the media. What was written reaches them when a flush, or a persist of its range, is waited for. */
class CachedMedia extends PassingProvider {
  readonly media: Uint8Array
  private readonly cache: Uint8Array

  constructor(memory: MemoryProvider) {
    super(memory, { mayWait: true, flush: 'sleeps', durableOnWrite: false, sameLineOrdered: false })
    this.cache = memory.mapping
    this.media = this.cache.slice()
  }

  persist(offset: number, length: number): MaybeSleep {
    const block = (): void => this.media.set(this.cache.subarray(offset, offset + length), offset)
    return Object.assign(Promise.resolve(), { block })
  }

  override flush(): MaybeSleep {
    return this.persist(0, this.size)
  }
}

/** Drives a write until so many of its stores are durable, and leaves it there, with the next ones stored. */
function driveUntil(operation: Sleepable<void>, durable: number): void {
  let step = operation.next()
  for (let done = 0; done < durable && step.done !== true; done++) {
    step.value.block?.()
    step = operation.next()
  }
}

test.each([0, 1, 2, 3])(
  'a process that dies in a write after %i of its flushes, then an attach, then a power cut in the next write: nothing is torn or lost',
  (flushes) => {
    for (let flushesOfNext = 0; flushesOfNext <= 4; flushesOfNext++) {
      const memory = freshMemory(17 * MIB, { externalLbasize: 512, nfree: 1 })
      const before = runAtomic(engine.attach(memory))
      for (const lba of [3, 9]) before.atomic.write(lba, new Uint8Array(512).fill(1))
      const cached = new CachedMedia(memory)
      driveUntil(runBlocking(engine.attach(cached)).sleepable.write(3, new Uint8Array(512).fill(2)), flushes)
      // The system, and with it the cache, lives on; then that ends, too.
      const next = runBlocking(engine.attach(cached))
      driveUntil(next.sleepable.write(9, new Uint8Array(512).fill(3)), flushesOfNext)

      const after = runAtomic(engine.attach(new MemoryProvider({ bytes: cached.media }, 'after')))
      expect(bijectionProblems(cached.media, 4096), `${flushes} and ${flushesOfNext} flushes`).toEqual([])
      for (const [lba, allowed] of [
        [3, [1, 2]],
        [9, flushesOfNext === 4 ? [3] : [1, 3]],
      ] as const) {
        const sector = new Uint8Array(512)
        after.atomic.read(lba, sector)
        expect(allowed, `${flushes} and ${flushesOfNext} flushes`).toContain(sector[0])
        expect(new Set(sector).size, `${flushes} and ${flushesOfNext} flushes`).toBe(1)
      }
    }
  },
)

test('many writes through few lanes never tear a sector', () => {
  const cuts = cutEverywhere(512, (device) => {
    for (let i = 0; i < SECTORS; i++) device.atomic.write((i * 5) % SECTORS, new Uint8Array(512).fill(i + 1))
  })
  expect(cuts).toBe(SECTORS * 4)
})
