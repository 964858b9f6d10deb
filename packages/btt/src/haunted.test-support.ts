/** A device that a dead thread has left in the middle of something, and what must be true of it afterwards. */
import type { Zeroing } from '@bttkit/interfaces'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAtomic } from '@bttkit/sleepable'
import { expect } from 'vitest'
import { DEAD, HauntedDevice, SURVIVOR, type Part } from './dead-threads.test-support.ts'
import { MIB, PreemptingProvider, bijectionProblems, engine, freshMemory } from './engine.test-support.ts'
import { SpareImage } from './spare-image.test-support.ts'

export const FREE = { lanes: 0, mapLocks: 0, tracking: 0 }
/** Few and large, so that each image is quickly checked. */
export const SECTOR = 4096
export const fill = (byte: number, sectors = 1): Uint8Array => new Uint8Array(SECTOR * sectors).fill(byte)

/** LBAs 0 to 39 are 1, and each of the four lanes has written. */
export const { mapping: image } = freshMemory(17 * MIB, { externalLbasize: SECTOR, nfree: 4 })
runAtomic(engine.attach(new MemoryProvider({ bytes: image }))).atomic.write(0, fill(1, 40))
for (let lba = 0; lba < 4; lba++)
  runAtomic(engine.attach(new MemoryProvider({ bytes: image }))).atomic.write(lba, fill(1))

export const valueOf = async ({ device }: Part, lba: number): Promise<string> => {
  const sector = fill(0xcc)
  await device.read(lba, sector)
  return [...new Set(sector)].join(' ')
}

const spare = new SpareImage()

/** The device is whole, and takes writes through each of its lanes. */
export async function expectWhole(haunted: HauntedDevice, survivor: Part, what: string): Promise<void> {
  expect({ what, held: haunted.held() }).toEqual({ what, held: FREE })
  for (let lba = 20; lba < 28; lba++) await survivor.device.write(lba, fill(9))
  expect({ what, problems: bijectionProblems(haunted.bytes, 4096) }).toEqual({ what, problems: [] })
  runAtomic(engine.attach(new MemoryProvider({ bytes: spare.copyOf(haunted.bytes) }, 'again')))
}

/** Attaching again completes what was left, and finds a whole image. */
export function expectAttachable({ bytes }: HauntedDevice): void {
  const copy = spare.copyOf(bytes)
  runAtomic(engine.attach(new MemoryProvider({ bytes: copy }, 'again')))
  expect(bijectionProblems(copy, 4096)).toEqual([])
}

/** Thread 2 has died; the test runs what it does. */
export async function haunt(
  laneCount = 2,
  zeroing?: Zeroing,
): Promise<{ haunted: HauntedDevice; survivor: Part; victim: Part }> {
  const haunted = await HauntedDevice.make(image, { laneCount, zeroing })
  const survivor = haunted.part(SURVIVOR)
  const victim = haunted.part(DEAD, new PreemptingProvider(haunted.provider()))
  return { haunted, survivor, victim }
}

/** The waits of a write that come before its map entry is stored. */
export const BEFORE_MAP_ENTRY = 7
