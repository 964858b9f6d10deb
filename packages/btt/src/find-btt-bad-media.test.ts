import { expect, test } from 'vitest'
import { BadBlockError, InfoBlockError } from '@bttkit/interfaces'
import { kernelImage } from '@bttkit/fixtures'
import { FaultLayer } from '@bttkit/pmem-layers'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAtomic } from '@bttkit/sleepable'
import { MIB, engine, freshMemory } from './engine.test-support.ts'

const UNIT = { length: 512 }

function spoiled(memory: MemoryProvider, ...offsets: number[]): FaultLayer {
  return new FaultLayer(memory, { mediaErrors: offsets.map((offset) => ({ offset, ...UNIT })) })
}

test('a place that might have begun a label area is lost: it says nothing', () => {
  const media = spoiled(freshMemory(17 * MIB), 17 * MIB - 128 * 1024, MIB)
  expect(runAtomic(engine.attach(media)).info.state).toBe('clean')
})

test('the head of the storage is lost, where another BTT or a pool might have begun', () => {
  const media = spoiled(freshMemory(17 * MIB), 0)
  expect(runAtomic(engine.attach(media)).info.namespaceOffset).toBe(4096)
})

test('the primary info block is lost: the backup is read from, and writing is refused with the reason', () => {
  const media = spoiled(freshMemory(17 * MIB), 4096)
  expect(() => runAtomic(engine.attach(media))).toThrow(/medium has lost it.*backup.*read-only, or repair/)
  const { info } = runAtomic(engine.attach(media, { readOnly: true }))
  expect(info.problems).toEqual([expect.stringContaining('the medium has lost it')])
})

test('the backup info block is lost: it is reported, and does not keep anyone from writing', () => {
  const memory = new MemoryProvider({ bytes: kernelImage('v11-4096').bytes() }, 'kernel')
  const media = spoiled(memory, memory.size - 4096)
  const { info } = runAtomic(engine.attach(media))
  expect(info.problems).toEqual([expect.stringContaining('backup')])
})

test('both are lost: the failure names the place', () => {
  const memory = new MemoryProvider({ bytes: kernelImage('v11-4096').bytes() }, 'kernel')
  const attaching = (): unknown => runAtomic(engine.attach(spoiled(memory, 4096, memory.size - 4096)))
  expect(attaching).toThrow(InfoBlockError)
  expect(attaching).toThrow(/byte 4096 cannot be used: the medium has lost it/)
})

test('what cannot be read is not overwritten by a creation', () => {
  const media = spoiled(new MemoryProvider({ size: 17 * MIB }), 17 * MIB - 128 * 1024)
  expect(() => runAtomic(engine.create(media))).toThrow(BadBlockError)
})

test('a creation by force over info blocks that are lost makes them good', () => {
  const media = spoiled(freshMemory(17 * MIB), 4096, 17 * MIB - 4096)
  expect(() => runAtomic(engine.create(media))).toThrow(BadBlockError)
  runAtomic(engine.create(media, { force: true }))
  expect(media.badBlocks()).toEqual([])
  expect(runAtomic(engine.attach(media)).info).toMatchObject({ state: 'clean', problems: [] })
})
