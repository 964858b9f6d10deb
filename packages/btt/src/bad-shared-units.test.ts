/** Free blocks that share a bad unit of the medium with a neighbour: zeros do not help them, and the write changes lanes. */
import { expect, test } from 'vitest'
import { BadBlockError, type MaybeSleep } from '@bttkit/interfaces'
import { stripFlags } from '@bttkit/btt-format'
import { runBlocking } from '@bttkit/sleepable'
import { BadMedia, Stepping, fill, readSector } from './bad-media.test-support.ts'
import { PassingProvider, bijectionProblems, sha256 } from './engine.test-support.ts'

/** Blocks of 576 bytes. Of lane 0's free block a unit is bad that its neighbour shares, which is the block of the last sector, with content. */
function withSharedUnit(nfree: number) {
  const media = BadMedia.fresh({ externalLbasize: 520, nfree })
  const free = stripFlags(media.flogEntry(0).oldMap)
  const shared = Math.floor(media.blockOffset(free) / 512) * 512
  expect(shared).toBeLessThan(media.blockOffset(free))
  media.memory.mapping.fill(0xee, shared, shared + 512)
  media.provider.addMediaError(shared, 1)
  return { media, free, shared }
}

test('a bad unit that a block shares with its neighbour stays bad; the write goes through another lane', () => {
  const { media, free, shared } = withSharedUnit(4)
  const device = media.attach()
  for (let i = 0; i < 8; i++) device.blocking.write(i, fill(i + 1))
  for (let i = 0; i < 8; i++) expect(readSector(device, i)).toEqual(fill(i + 1))
  expect(stripFlags(media.flogEntry(0).oldMap)).toBe(free)
  expect(media.provider.badBlocks()).toEqual([{ offset: shared, length: 512 }])
  // What the neighbour had there is neither overwritten nor readable.
  const own = media.blockOffset(free)
  expect(new Set(media.memory.mapping.subarray(shared, own))).toEqual(new Set([0xee]))
  expect(bijectionProblems(media.memory.mapping, 4096)).toEqual([])
  expect(device.statistics().lanesInUse).toBe(0)
})

test('with no other lane the write fails, says why, and publishes nothing', () => {
  const { media, shared } = withSharedUnit(1)
  const device = media.attach({ zeroing: 'flags' })
  expect(() => device.blocking.write(3, fill(2))).toThrow(
    expect.objectContaining({
      code: 'BTT_BAD_BLOCK',
      errno: 'EIO',
      message: expect.stringContaining('no lane'),
      place: expect.objectContaining({ lane: 0, lba: 3, offset: shared }),
      cause: expect.any(BadBlockError),
    }),
  )
  expect(readSector(device, 3)).toEqual(fill(0))
  device.blocking.zero(3, 1)
  expect(device.statistics().lanesInUse).toBe(0)
  expect(bijectionProblems(media.memory.mapping, 4096)).toEqual([])
})

test('a write of several sectors that must not sleep changes lanes without waiting', () => {
  const { media } = withSharedUnit(3)
  for (const lanePolicy of ['static', 'first-idle'] as const) {
    for (let hint = 0; hint < 2; hint++) {
      const device = media.attach({ lanePolicy, laneCount: 2 })
      for (let i = 0; i < hint; i++) device.atomic.read(0, fill(0))
      device.atomic.write(0, fill(5, 3 * 512))
      expect([0, 1, 2].map((lba) => readSector(device, lba))).toEqual([fill(5), fill(5), fill(5)])
    }
  }
})

test('one that must not sleep and finds the other lane in use stores nothing that can be seen', () => {
  const { media } = withSharedUnit(3)
  let isHeld = false
  const provider = new (class extends PassingProvider {
    override read(offset: number, target: Uint8Array): MaybeSleep {
      void super.read(offset, target)
      // Says that it never waits, and holds up a reader of sector 8.
      return isHeld && offset === media.entryOffset(8) ? new Promise<void>(() => {}) : undefined
    }

    badBlocks = () => media.provider.badBlocks()
  })(media.provider)
  const device = media.attach({ lanePolicy: 'static', laneCount: 2, mapCacheBytes: 0 }, provider)
  device.atomic.read(0, fill(0))
  isHeld = true
  expect(device.sleepable.read(8, fill(0)).next().done).toBe(false)
  const map = (): string => sha256(media.memory.mapping.slice(media.entryOffset(0), media.groupOffset(2)))
  const before = map()
  expect(() => device.atomic.write(0, fill(5, 3 * 512))).toThrow(
    expect.objectContaining({ code: 'BTT_BAD_BLOCK' }),
  )
  expect(map()).toBe(before)
})

test('a write that changes lanes stores nothing into the free block of one that has failed half-way meanwhile', () => {
  const { media } = withSharedUnit(3)
  const provider = new (class extends Stepping {
    badBlocks = () => media.provider.badBlocks()
  })(media.provider)
  const device = media.attach({ lanePolicy: 'static', laneCount: 2 }, provider)
  const changing = device.sleepable.write(0, fill(5))
  // It stores zeros over the free block of lane 0, and will find that they do not help.
  const clearing = changing.next()
  const failing = device.sleepable.write(8, fill(6))
  let step = failing.next()
  for (; step.done !== true && media.entry(8) === 0; step = failing.next()) step.value.block?.()
  // Its map entry names the free block of lane 1, and nobody knows whether that is durable.
  failing.return()
  if (clearing.done !== true) clearing.value.block?.()
  expect(() => runBlocking(changing)).toThrow(expect.objectContaining({ code: 'BTT_ARENA_ERROR_STATE' }))
  expect(readSector(device, 8)).toEqual(fill(6))
  expect(readSector(media.copy().attach(), 8)).toEqual(fill(6))
  expect(device.statistics().lanesInUse).toBe(0)
})
