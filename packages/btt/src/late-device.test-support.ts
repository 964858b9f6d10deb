/** A device on storage whose calls are late, and what must be true of its image when an operation on it was ended in its middle. */
import { expect } from 'vitest'
import type { AttachOptions, Sleepable } from '@bttkit/interfaces'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAsync, runAtomic } from '@bttkit/sleepable'
import { MIB, bijectionProblems, engine, freshMemory } from './engine.test-support.ts'
import { LateProvider } from './late-provider.test-support.ts'

export const SECTOR = 4096
export const fill = (byte: number, length = SECTOR): Uint8Array => new Uint8Array(length).fill(byte)

export const prepared = freshMemory(17 * MIB, { externalLbasize: SECTOR, nfree: 2 })
runAtomic(engine.attach(prepared)).atomic.write(0, fill(1, 40 * SECTOR))

/** A device of one lane, whose first 40 sectors are 1, on storage whose calls are late from now on. */
export async function lateDevice(options: AttachOptions = {}) {
  const bytes = prepared.mapping.slice()
  const provider = new LateProvider(new MemoryProvider({ bytes }, 'late'))
  const device = await runAsync(engine.attach(provider, { laneCount: 1, mapCacheBytes: 0, ...options }))
  provider.isLate = true
  return { bytes, provider, device }
}

/** Drives an operation to its n-th wait; false when it has ended before. `call` is which of the calls under way is its own. */
export async function driveToWait(
  operation: Sleepable<void>,
  provider: LateProvider,
  waits: number,
  call = 0,
): Promise<boolean> {
  let step = operation.next()
  for (let wait = 1; wait < waits && step.done !== true; wait++) {
    provider.calls[call]?.finish()
    await step.value
    step = operation.next()
  }
  return step.done !== true
}

/** The image, attached anew: the bijection holds, each sector is one version, and LBA 11 is `expected`. */
export function expectSound(bytes: Uint8Array, expected: number, when: string): void {
  const again = runAtomic(engine.attach(new MemoryProvider({ bytes }, 'again')))
  expect(bijectionProblems(bytes, 4096), `${when}: the bijection`).toEqual([])
  const all = fill(0xcc, 40 * SECTOR)
  again.atomic.read(0, all)
  for (let lba = 0; lba < 40; lba++) {
    const sector = all.subarray(lba * SECTOR, (lba + 1) * SECTOR)
    if (lba === 11 && expected === 5) expect(sector, `${when}, LBA 11`).toEqual(fill(5))
    else if (lba < 2 || lba > 32) expect(sector, `${when}, LBA ${lba}`).toEqual(fill(1))
    else expect([0, 1, 2], `${when}, LBA ${lba}`).toContain(sector[SECTOR / 2])
  }
}
