/** Readers of what the medium has lost, among writers, and ended at any wait: nothing that was written is undone. */
import { expect, test } from 'vitest'
import {
  SectorErrorError,
  WouldSleepError,
  type BttDevice,
  type MaybeSleep,
  type Sleepable,
} from '@bttkit/interfaces'
import { mapState } from '@bttkit/btt-format'
import { runBlocking } from '@bttkit/sleepable'
import {
  Stepping,
  allSwitches,
  fill,
  readSector,
  runSwitching,
  withLostSector,
} from './bad-media.test-support.ts'
import { PassingProvider, bijectionProblems, engine, sha256 } from './engine.test-support.ts'
import { SpareImage } from './spare-image.test-support.ts'

/** By which a reader finds a sector on its way: without a lock, or under it where another thread's store could be seen torn. */
const lookUps = [
  ['one thread', {}, 4],
  ['threads', { threads: true }, 4],
  ['threads whose accesses can be torn', { threads: true }, 0],
] as const

/** More steps than either of the two operations below takes. */
const switches = allSwitches(20)

test.each([
  ...lookUps.map((lookUp) => [...lookUp, 'a reader', readLost] as const),
  [...lookUps[0], 'a writer of a part', writePart] as const,
])(
  'for %s (%o, %i), wherever %s of a lost sector and its writer make way for each other: what was written stays',
  async (_name, options, atomicAccessBytes, _who, look) => {
    const pristine = withLostSector()
    const spare = new SpareImage()
    for (const steps of switches) {
      const media = pristine.copy(spare)
      media.spoilSector(3)
      const device = media.attach(options, new Stepping(media.provider, { atomicAccessBytes }))
      const operations = [look(device), device.sleepable.write(3, fill(2))] as const
      const [looking, writing] = await runSwitching(operations, steps)
      const after = steps.join(' and ')
      expect(writing.error, `switches after ${after} steps`).toBeUndefined()
      if (looking.error !== undefined) expect(looking.error).toBeInstanceOf(SectorErrorError)
      expect(bijectionProblems(media.memory.mapping, 4096), `switches after ${after} steps`).toEqual([])
      expect(readSector(media.attach(), 3).subarray(0, 500), `switches after ${after} steps`).toEqual(
        fill(2, 500),
      )
    }
  },
)

function readLost(device: BttDevice): Sleepable<void> {
  return device.sleepable.read(3, fill(0))
}

function writePart(device: BttDevice): Sleepable<void> {
  return device.sleepable.writeBytes(3 * 512 + 500, fill(4, 10))
}

test('a read that must not sleep and meets the map lock of a lost sector stores nothing', () => {
  const media = withLostSector()
  let isHeld = false
  const provider = new (class extends PassingProvider {
    override write(offset: number, source: Uint8Array): MaybeSleep {
      void super.write(offset, source)
      if (isHeld || source.length !== 8) return undefined
      isHeld = true
      // Says that it never waits, and stops the first publication.
      return new Promise<void>(() => {})
    }
  })(media.provider)
  const device = media.attach({}, provider)
  expect(device.sleepable.write(8, fill(2)).next().done).toBe(false)
  const before = sha256(media.memory.mapping)
  expect(() => device.atomic.read(3, fill(0))).toThrow(WouldSleepError)
  expect(sha256(media.memory.mapping)).toBe(before)
  expect(device.statistics().lanesInUse).toBe(1)
})

test('a reader that is abandoned at any wait leaves a sector as it was or marked, and gives back what it held', () => {
  const pristine = withLostSector()
  const spare = new SpareImage()
  for (let waits = 1; ; waits++) {
    const media = pristine.copy(spare)
    media.spoilSector(3)
    const device = runBlocking(
      engine.attach(new Stepping(media.provider), { laneCount: 1, mapCacheBytes: 0 }),
    )
    const reading = device.sleepable.read(3, fill(0))
    let [step, isLost] = [reading.next(), false]
    for (let i = 1; i < waits && step.done !== true; i++) {
      let failure: unknown
      try {
        step.value.block?.()
      } catch (error) {
        failure = error
      }
      try {
        step = failure === undefined ? reading.next() : reading.throw(failure)
      } catch (error) {
        expect(error).toBeInstanceOf(SectorErrorError)
        isLost = true
        break
      }
    }
    if (isLost) {
      expect(waits).toBeGreaterThan(6)
      break
    }
    reading.return()
    expect(media.blockOf(3), `abandoned at wait ${waits}`).toBe(pristine.blockOf(3))
    expect(['normal', 'error']).toContain(mapState(media.entry(3)))
    expect(bijectionProblems(media.memory.mapping, 4096)).toEqual([])
  }
})
