import { expect, test } from 'vitest'
import { PowerFailMemory } from '@bttkit/pmem-power-fail'
import { SteppingStorage, type StorageStep } from './stepping-storage.ts'

test.each(['px86', 'buffered'] as const)(
  '%s: a flush is over when its task goes on, and what came in between is none of its business',
  (model) => {
    const memory = new PowerFailMemory({ media: 4096, model })
    const steps: StorageStep[] = []
    const storage = new SteppingStorage(memory, (step) => void steps.push(step))
    const states = (): bigint => memory.cut().stateCount

    void storage.write(0, new Uint8Array(8))
    const wait = storage.persist?.(0, 8) ?? storage.flush()
    expect(states()).toBe(2n)
    void storage.write(1024, new Uint8Array(8))
    expect(states()).toBe(4n)
    wait?.block?.()
    expect(states()).toBe(2n)
    expect(steps).toEqual(['write', 'flush', 'write', 'flush is over'])
  },
)

test('px86: what is persisted is a range', () => {
  const memory = new PowerFailMemory({ media: 4096, model: 'px86' })
  const storage = new SteppingStorage(memory, () => {})
  for (const offset of [0, 1024]) void storage.write(offset, new Uint8Array(8))
  storage.persist?.(0, 8)?.block?.()
  expect(memory.cut().stateCount).toBe(2n)
})

test('px86: several ranges are persisted in one flush, which takes time as well', () => {
  const memory = new PowerFailMemory({ media: 4096, model: 'px86' })
  const steps: StorageStep[] = []
  const storage = new SteppingStorage(memory, (step) => void steps.push(step))
  for (const offset of [0, 1024, 2048]) void storage.write(offset, new Uint8Array(8))
  const wait = storage.persistMany?.([
    { offset: 0, length: 8 },
    { offset: 2048, length: 8 },
  ])
  expect(memory.cut().stateCount).toBe(8n)
  wait?.block?.()
  expect(memory.cut().stateCount).toBe(2n)
  expect(steps.slice(3)).toEqual(['flush', 'flush is over'])
})
