/** Counting the sectors that the map marks as lost. */
import { expect, test } from 'vitest'
import { errorEntry } from '@bttkit/btt-format'
import { kernelImages, poolImages, type PoolImage } from '@bttkit/fixtures'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAtomic } from '@bttkit/sleepable'
import { MIB, freshMemory } from './engine.test-support.ts'
import { inspect } from './inspect.ts'

test('every entry in the error state counts, the first and the last and on both sides of a chunk', () => {
  // 300 Ki sectors of 512 bytes have a map of more than one MiB.
  const memory = freshMemory(160 * MIB, { externalLbasize: 512 })
  const inspection = runAtomic(inspect(memory))
  const [arena] = inspection.info.arenas
  const { sectorCount } = inspection.info
  expect(sectorCount).toBeGreaterThan(2 ** 18)
  const view = new DataView(memory.mapping.buffer)
  const mapStart = (arena?.offset ?? 0) + (arena?.mapoff ?? 0)
  const lost = [0, 17, 2 ** 18 - 1, 2 ** 18, sectorCount - 1]
  for (const lba of lost) view.setUint32(mapStart + lba * 4, errorEntry(lba), true)
  // What looks like one in its lower bytes is none.
  view.setUint32(mapStart + 20 * 4, 0xc040_4040, true)
  view.setUint32(mapStart + 21 * 4, 0x8040_4040, true)
  view.setUint32(mapStart + 22 * 4, 0x0040_4040, true)
  const progress: [number, number][] = []
  expect(runAtomic(inspection.countErrorSectors((done, total) => progress.push([done, total])))).toBe(
    lost.length,
  )
  expect(progress).toEqual([
    [2 ** 18, sectorCount],
    [sectorCount, sectorCount],
  ])
})

/** As its manifest says; of a pool whose writes were interrupted, without those. */
function lostIn({ manifest }: PoolImage): number {
  return manifest.recovery?.counts_without_recovery.error ?? manifest.error_lbas?.length ?? 0
}

test.each([
  ...kernelImages()
    .filter((image) => image.kind !== 'corrupt')
    .map((image) => [image.name, image.bytes(), 0] as const),
  ...poolImages().map((pool) => [pool.name, pool.bytes(), lostIn(pool)] as const),
])('the count of %s is what its own writer left', (name, bytes, lost) => {
  const inspection = runAtomic(inspect(new MemoryProvider({ bytes }, name)))
  expect(runAtomic(inspection.countErrorSectors())).toBe(lost)
})
