import { expect, test } from 'vitest'
import { ArenaErrorStateError, ProviderIoError } from '@bttkit/interfaces'
import { FLAG_ERROR, decodeInfoBlock, encodeFlogEntry, encodeInfoBlock } from '@bttkit/btt-format'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { Scheduler, runAsync, runAtomic } from '@bttkit/sleepable'
import {
  FailingProvider,
  LosingProvider,
  MIB,
  bijectionProblems,
  engine,
  freshMemory,
  sha256,
} from './engine.test-support.ts'

const fill = (byte: number): Uint8Array => new Uint8Array(512).fill(byte)

/** An image whose first sectors are acknowledged content 1, and a device on it that fails once. */
function failing(kind: 'write' | 'flush', failAt: number) {
  const memory = freshMemory(17 * MIB, { externalLbasize: 512, nfree: 4 })
  const prepared = runAtomic(engine.attach(memory))
  for (let lba = 0; lba < 8; lba++) prepared.atomic.write(lba, fill(1))
  // Attach flushes once.
  const provider = new FailingProvider(memory, kind, kind === 'flush' ? failAt + 1 : failAt)
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

test('a flush that fails for one operation never lets another be acknowledged that it made lost, nor breaks the bijection', async () => {
  const prepared = freshMemory(17 * MIB, { externalLbasize: 512, nfree: 4 })
  runAtomic(engine.attach(prepared)).atomic.write(0, new Uint8Array(64 * 512).fill(1))
  for (let run = 0; run < 60; run++) {
    const bytes = prepared.mapping.slice()
    const provider = new LosingProvider(new MemoryProvider({ bytes }, 'losing'), 1 + (run % 12))
    const device = await runAsync(engine.attach(provider))
    const scheduler = new Scheduler()
    const operations = [
      { lba: 3, byte: 2, task: scheduler.add('write 3', device.sleepable.write(3, fill(2))) },
      { lba: 40, byte: 3, task: scheduler.add('write 40', device.sleepable.write(40, fill(3))) },
      { lba: 20, byte: 0, task: scheduler.add('zero 20', device.sleepable.zero(20, 2)) },
    ]
    const flush = scheduler.add('flush', device.sleepable.flush())
    let random = run
    await scheduler.run((runnable) => {
      random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0
      return runnable[(random >>> 8) % runnable.length] ?? flush
    })
    const again = runAtomic(engine.attach(new MemoryProvider({ bytes }, 'again')))
    expect(bijectionProblems(bytes, 4096), `run ${run}`).toEqual([])
    for (const { lba, byte, task } of operations) {
      const sector = fill(0xcc)
      again.atomic.read(lba, sector)
      const allowed = task.state === 'done' ? [byte] : [byte, 1]
      expect(allowed, `run ${run}, LBA ${lba}`).toContain(sector[0])
      expect(new Set(sector).size).toBe(1)
    }
  }
})

test("a flush on its own that fails ends writing, too: what it lost may have been anybody's", () => {
  const { device } = failing('flush', 0)
  expect(() => device.atomic.flush()).toThrow(ProviderIoError)
  expect(() => device.atomic.write(3, fill(2))).toThrow(ArenaErrorStateError)
  expect(() => device.atomic.zero(3, 1)).toThrow(ArenaErrorStateError)
})

test('an arena whose info block carries the error flag is not written by recovery either, and reads as if it were', () => {
  const memory = freshMemory(17 * MIB, { externalLbasize: 512, nfree: 4 })
  const info = decodeInfoBlock(memory.mapping.subarray(4096, 8192))
  const block = info.externalNlba
  memory.mapping.fill(5, 4096 + info.dataoff + block * 512, 4096 + info.dataoff + (block + 1) * 512)
  encodeFlogEntry(new DataView(memory.mapping.buffer), 4096 + info.logoff + 16, {
    lba: 7,
    oldMap: 7,
    newMap: block,
    seq: 2,
  })
  const flagged = encodeInfoBlock({ ...info, flags: FLAG_ERROR })
  memory.mapping.set(flagged, 4096)
  memory.mapping.set(flagged, 4096 + info.info2off)
  const before = sha256(memory.mapping)
  const sector = fill(0)
  runAtomic(engine.attach(memory)).atomic.read(7, sector)
  expect(sector).toEqual(fill(5))
  expect(sha256(memory.mapping)).toBe(before)
})
