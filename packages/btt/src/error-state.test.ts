import { expect, test } from 'vitest'
import { ArenaErrorStateError, ProviderIoError } from '@bttkit/interfaces'
import { FLAG_ERROR, decodeInfoBlock, encodeInfoBlock } from '@bttkit/btt-format'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAtomic } from '@bttkit/sleepable'
import { FailingProvider, MIB, bijectionProblems, engine, freshMemory } from './engine.test-support.ts'

const fill = (byte: number): Uint8Array => new Uint8Array(512).fill(byte)

/** An image whose first sectors are acknowledged content 1, and a device on it that fails once. */
function failing(kind: 'write' | 'flush', failAt: number) {
  const memory = freshMemory(17 * MIB, { externalLbasize: 512, nfree: 4 })
  const prepared = runAtomic(engine.attach(memory))
  for (let lba = 0; lba < 8; lba++) prepared.atomic.write(lba, fill(1))
  const provider = new FailingProvider(memory, kind, failAt)
  return { memory, device: runAtomic(engine.attach(provider)) }
}

function readByte(memory: MemoryProvider, lba: number): number {
  const sector = fill(0)
  runAtomic(engine.attach(new MemoryProvider({ bytes: memory.mapping.slice() }, 'again'))).atomic.read(
    lba,
    sector,
  )
  expect(new Set(sector).size).toBe(1)
  return sector[0] ?? -1
}

// The steps of a write: data, flog half 0, flog half 1, map; each stored and then flushed.
test.each([0, 1, 2, 3])(
  'a flush that fails at step %i of a write reaches the caller, and the arena is read-only from then on',
  (step) => {
    const { memory, device } = failing('flush', step)
    expect(() => device.atomic.write(3, fill(2))).toThrow(ProviderIoError)
    expect(() => device.atomic.write(4, fill(2))).toThrow(ArenaErrorStateError)
    expect(() => device.atomic.zero(4, 1)).toThrow(ArenaErrorStateError)
    const sector = fill(0)
    device.atomic.read(4, sector)
    expect(sector).toEqual(fill(1))
    expect([1, 2]).toContain(readByte(memory, 3))
    for (const lba of [0, 1, 2, 4, 5, 6, 7]) expect(readByte(memory, lba)).toBe(1)
    runAtomic(engine.attach(memory))
    expect(bijectionProblems(memory.mapping, 4096)).toEqual([])
  },
)

test.each([1, 2, 3])('a store that fails at step %i, after the data, makes the arena read-only', (step) => {
  const { memory, device } = failing('write', step)
  expect(() => device.atomic.write(3, fill(2))).toThrow(ProviderIoError)
  expect(() => device.atomic.write(4, fill(2))).toThrow(ArenaErrorStateError)
  expect([1, 2]).toContain(readByte(memory, 3))
})

test('the reason of the error state is the cause of later refusals', () => {
  const { device } = failing('write', 3)
  expect(() => device.atomic.write(3, fill(2))).toThrow('write 3 fails')
  expect(() => device.atomic.write(3, fill(2))).toThrow(
    expect.objectContaining({ cause: expect.any(ProviderIoError) }),
  )
})

test('a store of the data that fails leaves everything as it was, and the next write works', () => {
  const { memory, device } = failing('write', 0)
  expect(() => device.atomic.write(3, fill(2))).toThrow(ProviderIoError)
  device.atomic.write(3, fill(4))
  expect(readByte(memory, 3)).toBe(4)
})

test('an arena whose info block carries the error flag is read and not written', () => {
  const memory = freshMemory(17 * MIB, { externalLbasize: 512 })
  runAtomic(engine.attach(memory)).atomic.write(0, fill(1))
  const flagged = encodeInfoBlock({
    ...decodeInfoBlock(memory.mapping.subarray(4096, 8192)),
    flags: FLAG_ERROR,
  })
  memory.mapping.set(flagged, 4096)
  memory.mapping.set(flagged, 17 * MIB - 4096)
  const device = runAtomic(engine.attach(memory))
  const sector = fill(0)
  device.atomic.read(0, sector)
  expect(sector).toEqual(fill(1))
  expect(() => device.atomic.write(0, fill(2))).toThrow(ArenaErrorStateError)
  expect(device.info.state).toBe('error')
})

test('a failed flush is not forgotten by a later success', () => {
  const { device } = failing('flush', 3)
  expect(() => device.atomic.write(3, fill(2))).toThrow(ProviderIoError)
  expect(() => device.atomic.write(3, fill(2))).toThrow(ArenaErrorStateError)
  expect(() => device.atomic.write(3, fill(2))).toThrow(ArenaErrorStateError)
})
