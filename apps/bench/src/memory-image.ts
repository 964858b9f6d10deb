import type { BttDevice } from '@bttkit/interfaces'
import { runAsync } from '@bttkit/sleepable'
import type { Stack } from '@bttkit/stack'
import { SECTOR_BYTES } from './sector-work.ts'

/** Enough for what an arena has beside its sectors and their map entries, and for the smallest arena there is. */
const OTHER_BYTES = 18 * 2 ** 20
const MAP_ENTRY_BYTES = 4

/** Makes a BTT in memory that has so many sectors, and more, and attaches it. */
export async function openMemoryImage(stack: Stack, sectors: number, threads: boolean): Promise<BttDevice> {
  const bytes = sectors * (SECTOR_BYTES + MAP_ENTRY_BYTES) + OTHER_BYTES
  const provider = await stack.openProvider(`mem:?size=${bytes}`, {
    readOnly: false,
    blocking: true,
    threads,
  })
  await runAsync(stack.engine().create(provider, { externalLbasize: SECTOR_BYTES }))
  return stack.attachImage(provider, { threads })
}
