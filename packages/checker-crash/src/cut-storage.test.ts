import { expect, test } from 'vitest'
import { PowerFailMemory, type PowerFailModel } from '@bttkit/pmem-power-fail'
import { CutStorage } from './cut-storage.ts'

/** How many states were possible after each store, and are now. */
function statesOf(
  model: PowerFailModel,
  store: (storage: CutStorage) => void,
): { after: [string, bigint][]; end: bigint } {
  const memory = new PowerFailMemory({ media: 4096, model })
  const after: [string, bigint][] = []
  store(new CutStorage(memory, (what) => void after.push([what, memory.cut().stateCount]), true))
  return { after, end: memory.cut().stateCount }
}

const word = new Uint8Array(8).fill(1)

test('each store is told once, when it is in flight', () => {
  const { after, end } = statesOf('px86', (storage) => {
    storage.write(0, word)
    storage.zero(64, 8)
    storage.flush()
  })
  expect(after).toEqual([
    ['write of 8 bytes at 0', 2n],
    ['zeros for 8 bytes at 64', 4n],
  ])
  expect(end).toBe(1n)
})

test.each(['px86', 'buffered'] as const)(
  '%s: a write through is in flight first, and durable in the end',
  (model) => {
    const { after, end } = statesOf(model, (storage) => storage.writeThrough?.(0, word, 0, 8))
    expect(after).toEqual([['write of 8 bytes at 0', 2n]])
    expect(end).toBe(1n)
  },
)

test('a write through makes its own range durable, and no other', () => {
  const { end } = statesOf('px86', (storage) => {
    storage.write(64, word)
    storage.writeThrough?.(0, word, 0, 8)
  })
  expect(end).toBe(2n)
})

test('storage writes through only where it is to', () => {
  const memory = new PowerFailMemory({ media: 4096, model: 'px86' })
  expect(new CutStorage(memory, () => {}).writeThrough).toBeUndefined()
})
