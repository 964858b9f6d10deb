import { expect, test } from 'vitest'
import { createStack } from '@bttkit/stack'
import { openMemoryImage } from './memory-image.ts'
import { SECTOR_BYTES, SectorWork } from './sector-work.ts'

const SECTORS = 8

async function startWork(): Promise<{ work: SectorWork; rewrite: (lba: number, word: number) => void }> {
  const device = await openMemoryImage(createStack(), SECTORS, false)
  return {
    work: new SectorWork(device, SECTORS),
    rewrite: (lba, word) => {
      const sector = new Uint32Array(SECTOR_BYTES / 4).fill(word)
      device.blocking.write(lba, new Uint8Array(sector.buffer))
    },
  }
}

/** Long enough for a batch of operations, of which there are more than sectors. */
const shortly = (): number => performance.now() + 50

test('what was filled and written again is read as it should be', async () => {
  const { work } = await startWork()
  work.fill()
  expect(work.runUntil(shortly(), 'write')).toBeGreaterThan(0)
  expect(work.runUntil(shortly(), 'read')).toBeGreaterThan(0)
})

test('a sector with the content of another one is not passed over', async () => {
  const { work, rewrite } = await startWork()
  work.fill()
  for (let lba = 0; lba < SECTORS; lba++) rewrite(lba, SECTORS)
  expect(() => work.runUntil(shortly(), 'read')).toThrow(/^sector \d has the content of sector 8$/)
})

test('sectors that were not filled are found out', async () => {
  const { work } = await startWork()
  expect(() => work.runUntil(shortly(), 'read')).toThrow('has the content of sector 0')
})
