/** Threads that die while they mark a lost sector, write to one, or clear a free block. */
import { expect, test } from 'vitest'
import { BadBlockError, type MaybeSleep } from '@bttkit/interfaces'
import { errorEntry, hasErrorFlag } from '@bttkit/btt-format'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAtomic } from '@bttkit/sleepable'
import { BadMedia, Stepping } from './bad-media.test-support.ts'
import { DEAD, HauntedDevice, SURVIVOR, recover, runAndDie } from './dead-threads.test-support.ts'
import { PassingProvider, engine } from './engine.test-support.ts'
import { SECTOR, expectWhole, fill, image, valueOf } from './haunted.test-support.ts'

/** The same image, of which the map says that the content of LBA 3 is lost. */
const lostImage = image.slice()
const media = new BadMedia(new MemoryProvider({ bytes: lostImage }))
const lostBlock = media.blockOf(3)
const lostAt = media.blockOffset(lostBlock)
new DataView(lostImage.buffer).setUint32(media.entryOffset(3), errorEntry(lostBlock), true)

/** Cannot read the block of LBA 3 until it is written as a whole. */
class BadMedium extends PassingProvider {
  override read(offset: number, target: Uint8Array): MaybeSleep {
    if (offset < lostAt + SECTOR && offset + target.length > lostAt) throw new BadBlockError({}, 'lost')
    return super.read(offset, target)
  }
}

/** Storage whose stores and flushes are steps, and whose reads are none. */
class SteppingStores extends Stepping {
  override read(offset: number, target: Uint8Array): MaybeSleep {
    return this.inner.read(offset, target)
  }
}

async function haunt(bytes: Uint8Array, isBad: boolean) {
  const haunted = await HauntedDevice.make(bytes, { laneCount: 1 }, { sameLineOrdered: false })
  const survivor = haunted.part(SURVIVOR)
  const medium = isBad ? new BadMedium(haunted.provider()) : haunted.provider()
  return { haunted, survivor, victim: haunted.part(DEAD, new SteppingStores(medium)) }
}

test.each([0, 1])(
  'a thread that died %i steps into marking a sector leaves it as it was or marked, and holds nothing',
  async (waits) => {
    const { haunted, survivor, victim } = await haunt(image, true)
    expect(runAndDie(victim.device.sleepable.read(3, fill(0)), waits)).toBe(true)
    expect(haunted.held()).toEqual({ lanes: 1, mapLocks: 1, tracking: 0 })
    await recover(survivor)
    if (waits === 0) expect(await valueOf(survivor, 3)).toBe('1')
    else await expect(valueOf(survivor, 3)).rejects.toThrow('the map marks it')
    await expectWhole(haunted, survivor, `after ${waits} waits`)
  },
)

test('a lane whose thread died in a write to a lost sector knows that its free block is bad as soon as it has it', async () => {
  const seen = new Set<boolean>()
  for (let waits = 0; ; waits++) {
    const { haunted, survivor, victim } = await haunt(lostImage, false)
    if (!runAndDie(victim.device.sleepable.write(3, fill(2)), waits)) break
    await recover(survivor)
    const hasLostBlock = haunted.arena.freeBlocks[0] === lostBlock
    expect(((haunted.arena.positions[0] ?? 0) & 0b1000) !== 0, `after ${waits} waits`).toBe(hasLostBlock)
    seen.add(hasLostBlock)
    if (hasLostBlock) {
      const again = new BadMedia(new MemoryProvider({ bytes: haunted.bytes.slice() }))
      expect(hasErrorFlag(again.flogEntry(0).oldMap)).toBe(true)
      expect(await valueOf(survivor, 3)).toBe('2')
    }
    await expectWhole(haunted, survivor, `after ${waits} waits`)
  }
  expect(seen).toEqual(new Set([false, true]))
})

test('a lane whose thread died while it cleared the free block clears it again', async () => {
  const written = lostImage.slice()
  runAtomic(engine.attach(new MemoryProvider({ bytes: written }), { laneCount: 1 })).atomic.write(3, fill(2))
  for (let waits = 0; waits < 3; waits++) {
    const { haunted, survivor, victim } = await haunt(written, false)
    expect(runAndDie(victim.device.sleepable.write(4, fill(3)), waits)).toBe(true)
    await recover(survivor)
    expect((haunted.arena.positions[0] ?? 0) & 0b1000).toBe(0b1000)
    expect(await valueOf(survivor, 3)).toBe('2')
    expect(await valueOf(survivor, 4)).toBe('1')
    await expectWhole(haunted, survivor, `after ${waits} waits`)
  }
})
