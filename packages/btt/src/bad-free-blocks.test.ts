/** Free blocks on bad medium: how it is known, and how they are cleared before they are written. */
import { expect, test } from 'vitest'
import { ProviderIoError, type MaybeSleep } from '@bttkit/interfaces'
import { errorEntry, mapState, stripFlags } from '@bttkit/btt-format'
import { runBlocking } from '@bttkit/sleepable'
import {
  BadMedia,
  Stepping,
  Untold,
  allSwitches,
  fill,
  readSector,
  runSwitching,
} from './bad-media.test-support.ts'
import { PassingProvider, bijectionProblems, engine } from './engine.test-support.ts'
import { SpareImage } from './spare-image.test-support.ts'
import { RecordingProvider } from './recorded-calls.test-support.ts'

/** An image whose sectors 0 to 15 are 1; the block of sector 3 is bad, and the map says so. */
function withErrorSector(externalLbasize = 512, nfree = 4): BadMedia {
  const media = BadMedia.fresh({ externalLbasize, nfree })
  const device = media.attach()
  for (let lba = 0; lba < 16; lba++) device.blocking.write(lba, fill(1, device.sectorSize))
  media.spoilSector(3)
  expect(() => device.blocking.read(3, fill(0, device.sectorSize))).toThrow('lost')
  return media
}

/** The stages of the calls of a write, each once. */
function stagesOf(provider: RecordingProvider): (string | undefined)[] {
  return [...new Set(provider.calls.splice(0).map(({ stage }) => stage))]
}

const CLEARED = ['clear', 'data', 'map', 'flog half 0', 'flog half 1']
const NOT_CLEARED = ['data', 'map', 'flog half 0', 'flog half 1']

/** Attached to a medium that does not say what is bad. */
function untold(media: BadMedia, laneCount = 1) {
  const provider = new RecordingProvider(new Untold(media.provider))
  return { provider, device: media.attach({ laneCount, mapCacheBytes: 0 }, provider) }
}

test('what an error sector gives up is bad: the flog says so, and the next write of the lane clears it', () => {
  const media = withErrorSector()
  const lost = media.blockOf(3)
  const { provider, device } = untold(media)
  provider.calls.length = 0
  device.blocking.write(3, fill(2))
  expect(stagesOf(provider)).toEqual(NOT_CLEARED)
  expect(media.flogEntry(0)).toMatchObject({ lba: 3, oldMap: errorEntry(lost), newMap: media.blockOf(3) })
  device.blocking.write(4, fill(3))
  expect(stagesOf(provider)).toEqual(CLEARED)
  expect(media.blockOf(4)).toBe(lost)
  expect(media.provider.badBlocks()).toEqual([])
  device.blocking.write(5, fill(4))
  expect(stagesOf(provider)).toEqual(NOT_CLEARED)
  expect([3, 4, 5].map((lba) => readSector(device, lba)[0])).toEqual([2, 3, 4])
  expect(bijectionProblems(media.memory.mapping, 4096)).toEqual([])
})

test('after another attach it is known from the flog', () => {
  const media = withErrorSector()
  untold(media).device.blocking.write(3, fill(2))
  const { provider, device } = untold(media)
  expect(device.info.state).toBe('clean')
  expect(device.info.format.dialect).toBe('kernel')
  provider.calls.length = 0
  device.blocking.write(4, fill(3))
  expect(stagesOf(provider)).toEqual(CLEARED)
  expect(media.provider.badBlocks()).toEqual([])
})

test('an interrupted write to an error sector is completed, and what it gave up is cleared', () => {
  const media = withErrorSector()
  const device = media.attach(
    { laneCount: 1 },
    new Stepping(new Untold(media.provider), { sameLineOrdered: false }),
  )
  const writing = device.sleepable.write(3, fill(2))
  let step = writing.next()
  for (let waits = 0; waits < 7 && step.done !== true; waits++) {
    step.value.block?.()
    step = writing.next()
  }
  expect(mapState(media.entry(3))).toBe('error')
  const { provider, device: again } = untold(media)
  expect(readSector(again, 3)).toEqual(fill(2))
  provider.calls.length = 0
  again.blocking.write(4, fill(3))
  expect(stagesOf(provider)).toEqual(CLEARED)
  expect(bijectionProblems(media.memory.mapping, 4096)).toEqual([])
})

test('what the storage lists is cleared before it is written', () => {
  const media = BadMedia.fresh()
  media.spoilBlock(stripFlags(media.flogEntry(0).oldMap))
  const provider = new RecordingProvider(media.provider)
  const device = media.attach({ laneCount: 1, mapCacheBytes: 0 }, provider)
  provider.calls.length = 0
  device.blocking.write(3, fill(2))
  expect(stagesOf(provider)).toEqual(CLEARED)
  device.blocking.write(4, fill(2))
  expect(stagesOf(provider)).toEqual(NOT_CLEARED)
})

test('what lies beside the block on the list is none of its business', () => {
  const media = BadMedia.fresh()
  const block = stripFlags(media.flogEntry(0).oldMap)
  media.spoilBlock(block - 1)
  media.spoilBlock(block + 1)
  const provider = new RecordingProvider(media.provider)
  const device = media.attach({ laneCount: 1, mapCacheBytes: 0 }, provider)
  provider.calls.length = 0
  device.blocking.write(3, fill(2))
  expect(stagesOf(provider)).toEqual(NOT_CLEARED)
  expect(media.provider.badBlocks()).toHaveLength(2)
})

test('a block is cleared by one store of the whole of it, and nothing beside it is stored', () => {
  const media = BadMedia.fresh({ externalLbasize: 4160 })
  const block = stripFlags(media.flogEntry(0).oldMap)
  for (let unit = 0; unit < 8; unit++) media.spoilBlock(block, unit)
  const provider = new RecordingProvider(media.provider)
  const device = media.attach({}, provider)
  const stride = device.info.arenas[0]?.internalLbasize
  provider.calls.length = 0
  expect(() => device.blocking.write(3, fill(2, 4096))).not.toThrow()
  const zeroed = provider.calls.filter(({ stage, method }) => stage === 'clear' && method === 'write')
  expect(zeroed).toMatchObject([{ offset: media.blockOffset(block), length: stride }])
})

test('a block is not cleared under the eyes of who still reads what of it is good', () => {
  const media = BadMedia.fresh({ externalLbasize: 4096 })
  media.attach().blocking.write(3, fill(1, 4096))
  media.spoilSector(3)
  const device = media.attach({ laneCount: 2, mapCacheBytes: 0 }, new Stepping(new Untold(media.provider)))
  const good = fill(0, 512)
  const reading = device.sleepable.readBytes(3 * 4096 + 512, good)
  let step = reading.next()
  for (let waits = 0; waits < 2 && step.done !== true; waits++) {
    step.value.block?.()
    step = reading.next()
  }
  expect(() => readSector(device, 3)).toThrow('lost')
  device.blocking.write(3, fill(2, 4096))
  const clearing = device.sleepable.write(4, fill(3, 4096))
  expect(clearing.next()).toMatchObject({ done: false, value: { on: { object: 'read-tracking' } } })
  if (step.done !== true) step.value.block?.()
  expect(reading.next().done).toBe(true)
  expect(good).toEqual(fill(1))
  runBlocking(clearing)
  expect(readSector(device, 4)).toEqual(fill(3, 4096))
})

test('a flush that fails while a block is cleared is a failed flush', () => {
  const media = withErrorSector()
  untold(media).device.blocking.write(3, fill(2))
  let fails = false
  const provider = new (class extends PassingProvider {
    override flush(): MaybeSleep {
      if (fails) throw new ProviderIoError({}, 'it fails', 'EIO')
      return undefined
    }
  })(media.provider, { flush: 'immediate', durableOnWrite: false })
  const device = media.attach({ laneCount: 1, mapCacheBytes: 0 }, provider)
  fails = true
  expect(() => device.blocking.write(4, fill(3))).toThrow(ProviderIoError)
  fails = false
  expect(() => device.blocking.write(4, fill(3))).toThrow(
    expect.objectContaining({ code: 'BTT_ARENA_ERROR_STATE' }),
  )
  expect(readSector(media.attach(), 4)).toEqual(fill(1))
})

const switches = allSwitches(24)

test.each(['one lane', 'two lanes'])(
  'wherever two writers make way for each other while a free block is cleared, both keep what they wrote (%s)',
  async (lanes) => {
    const laneCount = lanes === 'one lane' ? 1 : 2
    const pristine = withErrorSector(512, 2)
    const spare = new SpareImage()
    for (const steps of switches) {
      const media = pristine.copy(spare)
      media.spoilSector(3)
      untold(media).device.blocking.write(3, fill(2))
      const device = media.attach({ laneCount }, new Stepping(new Untold(media.provider)))
      // Each of the two writes to what the other gives up, under one lane.
      const writers = [
        device.sleepable.write(4, fill(5, 1024)),
        device.sleepable.write(6, fill(6, 1024)),
      ] as const
      const tasks = await runSwitching(writers, steps)
      const after = steps.join(' and ')
      expect(
        tasks.map(({ error }) => error),
        `switches after ${after} steps`,
      ).toEqual([undefined, undefined])
      const again = media.attach()
      const found = [3, 4, 5, 6, 7, 8].map((lba) => readSector(again, lba)[0])
      expect(found, `switches after ${after} steps`).toEqual([2, 5, 5, 6, 6, 1])
      expect(bijectionProblems(media.memory.mapping, 4096), `switches after ${after} steps`).toEqual([])
    }
  },
)

test('a write that is abandoned at any wait while it clears keeps its block from others until the store is over', () => {
  const pristine = withErrorSector(512, 1)
  const spare = new SpareImage()
  for (let waits = 1; ; waits++) {
    const media = pristine.copy(spare)
    media.spoilSector(3)
    untold(media).device.blocking.write(3, fill(2))
    const device = runBlocking(engine.attach(new Stepping(new Untold(media.provider))))
    const writing = device.sleepable.write(4, fill(5))
    let step = writing.next()
    for (let i = 1; i < waits && step.done !== true; i++) {
      step.value.block?.()
      step = writing.next()
    }
    if (step.done === true) {
      expect(waits).toBeGreaterThan(8)
      break
    }
    writing.return()
    // The store that was begun arrives late.
    step.value.block?.()
    const again = media.attach()
    expect([1, 5], `abandoned at wait ${waits}`).toContain(readSector(again, 4)[0])
    again.blocking.write(5, fill(7))
    expect(readSector(again, 5)).toEqual(fill(7))
    expect(bijectionProblems(media.memory.mapping, 4096)).toEqual([])
  }
})
