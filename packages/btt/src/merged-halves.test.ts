/**
 * The halves of a flog entry, stored one after the other and made durable together, where the storage keeps the order of stores to one line: power cuts at every call,
 * in every state that such a cache may leave.
 */
import { expect, test } from 'vitest'
import type { MaybeSleep } from '@bttkit/interfaces'
import { CURRENT_SLOTS } from '@bttkit/btt-format'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAtomic } from '@bttkit/sleepable'
import { ArenaFlog } from './arena-flog.ts'
import { MIB, PassingProvider, bijectionProblems, engine, freshMemory } from './engine.test-support.ts'
import { SpareImage } from './spare-image.test-support.ts'
import { LaneBuffers } from './lane-buffers.ts'
import { RecordingProvider } from './recorded-calls.test-support.ts'
import { Storage } from './storage.ts'
import { VolatileState } from './volatile-state.ts'

const WORD_BYTES = 8
/** More unordered stores than that are lost together or not at all. */
const MOST_PLACES = 4

interface Store {
  readonly offset: number
  readonly before: Uint8Array
}

/**
 * A cache over memory. Of the stores to one place of `orderedBytes` those that a power cut takes back are always the last ones; places are lost each for itself. So with 64
 * it keeps the order of stores to a line, and with 8 that of stores to a word.
 */
class OrderedCache extends PassingProvider {
  /** Called before each call. */
  onCall = (): void => {}
  private readonly memory: MemoryProvider
  private readonly orderedBytes: number
  private readonly places = new Map<number, Store[]>()
  private readonly spare = new SpareImage()

  constructor(memory: MemoryProvider, orderedBytes: number, sameLineOrdered: boolean) {
    super(memory, { flush: 'immediate', durableOnWrite: false, sameLineOrdered })
    this.memory = memory
    this.orderedBytes = orderedBytes
  }

  override write(offset: number, source: Uint8Array): MaybeSleep {
    this.onCall()
    for (let at = 0; at < source.length; at += WORD_BYTES) {
      const [start, word] = [offset + at, source.subarray(at, at + WORD_BYTES)]
      const place = Math.floor(start / this.orderedBytes)
      const stores = this.places.get(place) ?? []
      stores.push({ offset: start, before: this.memory.mapping.slice(start, start + word.length) })
      this.places.set(place, stores)
      this.memory.write(start, word)
    }
    return undefined
  }

  /** Only what lies in the range, so that a persist that is missing shows. */
  persist(offset: number, length: number): MaybeSleep {
    this.onCall()
    for (const [place, stores] of this.places) {
      const left = stores.filter((store) => store.offset < offset || store.offset >= offset + length)
      if (left.length === 0) this.places.delete(place)
      else this.places.set(place, left)
    }
    return undefined
  }

  override flush(): MaybeSleep {
    return this.persist(0, this.size)
  }

  /** What a power cut at this moment may leave; each is good until the next. */
  *images(): Generator<Uint8Array> {
    const places = [...this.places.values()]
    if (places.length > MOST_PLACES) {
      yield this.without(places.flat())
      yield this.without([])
      return
    }
    const counts = places.map((stores) => stores.length + 1)
    const total = counts.reduce((product, count) => product * count, 1)
    for (let choice = 0; choice < total; choice++) {
      let rest = choice
      const lost = places.flatMap((stores, index) => {
        const count = counts[index] ?? 1
        const kept = rest % count
        rest = Math.floor(rest / count)
        return stores.slice(kept)
      })
      yield this.without(lost)
    }
  }

  private without(lost: readonly Store[]): Uint8Array {
    const image = this.spare.copyOf(this.memory.mapping)
    for (const { offset, before } of lost.toReversed()) image.set(before, offset)
    return image
  }
}

const fill = (byte: number): Uint8Array => new Uint8Array(512).fill(byte)

/** What is wrong with the image: who holds which block, and LBAs 3 to 6, each of which shall be its old value or, if it is being written, the new one. */
function problemsOf(image: Uint8Array, values: ReadonlyMap<number, readonly number[]>): string[] {
  const device = runAtomic(engine.attach(new MemoryProvider({ bytes: image }, 'after')))
  const problems = bijectionProblems(image, 4096)
  for (const [lba, permitted] of values) {
    const sector = fill(0)
    device.atomic.read(lba, sector)
    const found = [...new Set(sector)]
    if (found.length !== 1 || !permitted.includes(found[0] ?? -1))
      problems.push(`LBA ${lba} is ${found.join(' and ')}, not ${permitted.join(' or ')}`)
  }
  return problems
}

/** Writes sectors under one lane, over such a cache, and cuts the power at each call. */
function cutEverywhere(orderedBytes: number, sameLineOrdered: boolean) {
  const memory = freshMemory(17 * MIB, { externalLbasize: 512, nfree: 1 })
  const cache = new OrderedCache(memory, orderedBytes, sameLineOrdered)
  const device = runAtomic(engine.attach(cache))
  const values = new Map([3, 4, 5, 6].map((lba) => [lba, [1]]))
  for (const lba of values.keys()) device.atomic.write(lba, fill(1))
  const problems: string[] = []
  let states = 0
  for (const [round, lba] of [3, 5, 4].entries()) {
    values.set(lba, [...(values.get(lba) ?? []), 10 + round])
    cache.onCall = () => {
      for (const image of cache.images()) {
        states++
        problems.push(...problemsOf(image, values))
      }
    }
    device.atomic.write(lba, fill(10 + round))
    values.set(lba, [10 + round])
  }
  return { problems, states, flushes: device.statistics().flushes }
}

test('where stores to a line keep their order, both halves share a persist, and no power cut tears a write', () => {
  const { problems, states, flushes } = cutEverywhere(64, true)
  expect(problems).toEqual([])
  expect(states).toBeGreaterThan(3 * 10)
  // The attach; then data, flog and map of seven writes.
  expect(flushes).toBe(1 + 7 * 3)
})

test('where they do not and the storage says so, each half has its own, and no power cut tears a write', () => {
  const { problems, flushes } = cutEverywhere(8, false)
  expect(problems).toEqual([])
  expect(flushes).toBe(1 + 7 * 4)
})

test('where they do not and the storage says they do, these power cuts show it', () => {
  expect(cutEverywhere(8, true).problems).not.toEqual([])
})

test.each([
  [4096, ['flog half 0: write', 'flog half 1: write', 'flog: persist']],
  [4096 + 32, ['flog half 0: write', 'flog half 0: persist', 'flog half 1: write', 'flog half 1: persist']],
])('a flog at byte %i shares a persist only if its groups are lines', (start, lines) => {
  const provider = new RecordingProvider(new MemoryProvider({ size: MIB }, 'memory'), {
    flush: 'immediate',
    durableOnWrite: false,
  })
  const [words] = VolatileState.create({
    laneCount: 1,
    nfrees: [1],
    mapCaches: [],
    isShared: false,
    measuresLanes: false,
  }).arenas
  if (words === undefined) throw new Error('the state has no arena')
  const buffers = new LaneBuffers(1, 512)
  const flog = new ArenaFlog({ start, slots: CURRENT_SLOTS, storage: new Storage(provider), buffers, words })
  flog.setLane(0, 5, 1)
  flog.prepareEntry(0, 3, 7, 5)
  for (const step of [
    () => flog.storeHalf(0, 0),
    () => flog.orderHalves(0),
    () => flog.storeHalf(0, 1),
    () => flog.persistEntry(0),
  ])
    expect(step()).toBeUndefined()
  expect(
    provider.calls.every((call) => call.offset >= start && call.offset + call.length <= start + 16),
  ).toBe(true)
  expect(provider.takeLines()).toEqual(lines)
})
