/** A device in memory that other memberships of the same thread join. */
import { expect } from 'vitest'
import type { AttachOptions, BttDevice, PmemProvider } from '@bttkit/interfaces'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAtomic, runBlocking } from '@bttkit/sleepable'
import { MIB, engine, freshMemory } from './engine.test-support.ts'

export const fill = (byte: number): Uint8Array => new Uint8Array(512).fill(byte)

/** An image in memory, and a device on it that may be shared. */
export function attached(options: AttachOptions = {}) {
  const fresh = freshMemory(17 * MIB, { externalLbasize: 512, nfree: 4 })
  const bytes = new Uint8Array(new SharedArrayBuffer(fresh.size))
  bytes.set(fresh.mapping)
  const provider = (): MemoryProvider => new MemoryProvider({ bytes }, 'shared')
  const device = runAtomic(engine.attach(provider(), { threads: true, ...options }))
  const join = (other: PmemProvider = provider()): BttDevice =>
    runBlocking(engine.join(other, device.share()))
  return { bytes, provider, device, join }
}

export const readByte = async (device: BttDevice, lba: number): Promise<number | undefined> => {
  const sector = fill(0xcc)
  await device.read(lba, sector)
  expect(new Set(sector).size).toBe(1)
  return sector[0]
}
