/** How entries of the map are looked at and changed where other threads may take part. */
import { expect, test } from 'vitest'
import type { AttachOptions } from '@bttkit/interfaces'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAsync, runAtomic } from '@bttkit/sleepable'
import { MIB, bijectionProblems, engine, freshMemory } from './engine.test-support.ts'
import { LateProvider, settle } from './late-provider.test-support.ts'

const fill = (byte: number, length = 512): Uint8Array => new Uint8Array(length).fill(byte)
const ENTRY_BYTES = 4
const prepared = freshMemory(17 * MIB, { externalLbasize: 512, nfree: 4 })
runAtomic(engine.attach(prepared)).atomic.write(0, fill(1, 40 * 512))
runAtomic(engine.attach(prepared, { zeroing: 'flags' })).atomic.zero(12, 2)

/** On storage that tears accesses of any size between threads, or of none up to an entry's. */
async function attached(atomicAccessBytes: number, options: AttachOptions) {
  const bytes = prepared.mapping.slice()
  const provider = new LateProvider(new MemoryProvider({ bytes }, 'shared'), { atomicAccessBytes })
  return {
    bytes,
    provider,
    device: await runAsync(engine.attach(provider, { zeroing: 'flags', ...options })),
  }
}

/** The lengths of the stores that zero LBAs 8 to 19, whose entries 12 and 13 are zero entries already. */
async function storesOfZeroing(atomicAccessBytes: number, options: AttachOptions): Promise<number[]> {
  const { bytes, provider, device } = await attached(atomicAccessBytes, options)
  provider.isLate = true
  const zeroed = device.zero(8, 12)
  while (provider.calls.length > 0) {
    provider.calls[0]?.finish()
    await settle()
  }
  provider.isLate = false
  await zeroed
  const sectors = fill(0xcc, 40 * 512)
  await device.read(0, sectors)
  expect([7, 8, 19, 20].map((lba) => sectors[lba * 512])).toEqual([1, 0, 0, 1])
  expect(bijectionProblems(bytes, 4096)).toEqual([])
  await device.close()
  return provider.history.filter(({ kind }) => kind === 'write').map(({ length }) => length)
}

test('on a device of one thread a map line is zeroed in one store', async () => {
  expect(await storesOfZeroing(4, {})).toEqual([8 * ENTRY_BYTES, 4 * ENTRY_BYTES])
})

test('where other threads look at entries without the lock, each that changes is stored on its own', async () => {
  expect(await storesOfZeroing(4, { threads: true })).toEqual(Array.from({ length: 10 }, () => ENTRY_BYTES))
})

test('where they look under the lock, a line is zeroed in one store', async () => {
  expect(await storesOfZeroing(0, { threads: true })).toEqual([8 * ENTRY_BYTES, 4 * ENTRY_BYTES])
})

/** Starts what `look` does while a write of LBA 3 holds its map lock, and returns the calls of it until then. */
async function callsBesideWriter(
  atomicAccessBytes: number,
  lba: number,
  look: 'read' | 'partial write',
): Promise<number> {
  const { bytes, provider, device } = await attached(atomicAccessBytes, { threads: true, mapCacheBytes: 0 })
  provider.isLate = true
  const written = device.write(3, fill(2))
  for (let call = 0; call < 2; call++) {
    provider.calls[0]?.finish()
    await settle()
  }
  const sector = fill(0)
  const looked = look === 'read' ? device.read(lba, sector) : device.writeBytes(lba * 512, fill(7, 10))
  await settle()
  const calls = provider.calls.length - 1
  provider.finishAll()
  await written
  await looked
  await device.read(lba, sector)
  expect(sector[511]).toBe(lba === 3 ? 2 : 1)
  expect(device.statistics().lanesInUse).toBe(0)
  await device.close()
  expect(bijectionProblems(bytes, 4096)).toEqual([])
  return calls
}

test.each(['read', 'partial write'] as const)(
  'a %s looks up the map under its lock where an entry could be seen torn, and only there',
  async (look) => {
    expect(await callsBesideWriter(4, 5, look)).toBe(1)
    expect(await callsBesideWriter(0, 5, look)).toBe(0)
    // Another line, another lock.
    expect(await callsBesideWriter(0, 20, look)).toBe(1)
    expect(await callsBesideWriter(0, 3, look)).toBe(0)
  },
)

test('a look-up under the lock loads the entry once, without it twice', async () => {
  for (const [atomicAccessBytes, loads] of [
    [4, 2],
    [0, 1],
  ] as const) {
    const { provider, device } = await attached(atomicAccessBytes, { threads: true, mapCacheBytes: 0 })
    provider.isLate = true
    const read = device.read(3, fill(0))
    while (provider.calls.length > 0) {
      provider.calls[0]?.finish()
      await settle()
    }
    provider.isLate = false
    await read
    expect(provider.history.filter(({ length }) => length === ENTRY_BYTES)).toHaveLength(loads)
    await device.close()
  }
})
