import { ClosedError, OutOfRangeError } from '@bttkit/interfaces'
import { describe, expect, test } from 'vitest'
import { POWER_FAIL_MODELS, PowerFailMemory } from './index.ts'
import { runConformance } from './run-conformance.test-support.ts'

const bytes = (value: number, length = 8): Uint8Array => new Uint8Array(length).fill(value)

function firstBytes(storage: PowerFailMemory, count = 8): number[] {
  const found = new Uint8Array(count)
  storage.read(0, found)
  return [...found]
}

const crashes: [what: string, crash: (storage: PowerFailMemory) => PowerFailMemory][] = [
  ['with everything lost', (storage) => storage.cut().state([])],
  ['as a seed leaves it', (storage) => storage.cut().sample(1)],
]
const settings = POWER_FAIL_MODELS.flatMap((model) =>
  crashes.map(([what, crash]) => ({ name: `${model}, ${what}`, model, crash })),
)

describe.each(settings)('$name', async ({ model, crash }) => {
  await runConformance((sizeBytes) => {
    const provider = new PowerFailMemory({ media: sizeBytes, model })
    return { provider, crash: () => crash(provider) }
  })
})

test('the given bytes are the media, and never change', () => {
  const media = bytes(7, 4096)
  const storage = new PowerFailMemory({ media, model: 'px86' })
  storage.write(0, bytes(1))
  storage.flush()
  expect(media).toEqual(bytes(7, 4096))
  expect(firstBytes(storage, 9)).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 7])
})

test('what was written may change in the hands of its writer', () => {
  const storage = new PowerFailMemory({ media: 4096, model: 'px86' })
  const source = bytes(1)
  storage.write(0, source)
  source.fill(2)
  storage.flush()
  expect(firstBytes(storage.cut().state([]))).toEqual([...bytes(1)])
})

test('a cut harms nobody: the storage goes on, and the cut keeps its moment', () => {
  const storage = new PowerFailMemory({ media: 4096, model: 'px86' })
  storage.write(0, bytes(1))
  const failure = storage.cut()
  storage.write(0, bytes(2))
  storage.flush()
  expect(firstBytes(storage)).toEqual([...bytes(2)])
  expect(failure.stateCount).toBe(2n)
  expect(firstBytes(failure.state([]))).toEqual([...bytes(0)])
  expect(firstBytes(failure.state([{ unit: 0, version: 1 }]))).toEqual([...bytes(1)])
})

test('what is durable on a cut stays so, whatever becomes durable beside it later', () => {
  const storage = new PowerFailMemory({ media: 4096, model: 'px86' })
  for (const value of [1, 2]) {
    storage.write(0, bytes(value))
    storage.flush()
    const failure = storage.cut()
    storage.write(0, bytes(9))
    storage.flush()
    expect(firstBytes(failure.state([]))).toEqual([...bytes(value)])
  }
})

test('copies begin alike, with what is in flight, and go their own ways', () => {
  const storage = new PowerFailMemory({ media: 4096, model: 'px86' })
  storage.write(0, bytes(1))
  const copy = storage.copy()
  storage.write(0, bytes(3))
  expect(firstBytes(copy)).toEqual([...bytes(1)])
  expect(copy.cut().stateCount).toBe(2n)
  copy.write(0, bytes(2))
  copy.flush()
  expect([firstBytes(storage), firstBytes(copy)]).toEqual([[...bytes(3)], [...bytes(2)]])
  expect([storage.cut().stateCount, copy.cut().stateCount]).toEqual([3n, 1n])
  expect(firstBytes(storage.cut().state([]))).toEqual([...bytes(0)])
})

test('what one check writes no other one sees', () => {
  const storage = new PowerFailMemory({ media: bytes(5, 4096), model: 'px86' })
  storage.write(0, bytes(1))
  const seen: number[] = []
  storage.cut().explore((left) => {
    seen.push(firstBytes(left, 1)[0] ?? -1)
    left.write(0, bytes(9, 64))
    left.flush()
  })
  expect(seen).toEqual([5, 1])
})

test('a closed storage refuses, and its power can still be cut', () => {
  const storage = new PowerFailMemory({ media: 4096, model: 'px86' })
  storage.write(0, bytes(1))
  storage.close()
  expect(() => storage.persist?.(0, 8)).toThrow(ClosedError)
  expect(() => storage.zero(0, 8)).toThrow(ClosedError)
  expect(storage.cut().stateCount).toBe(2n)
})

test.each([
  [-1, 8],
  [4089, 8],
  [0.5, 1],
  [0, -1],
  [0, Number.NaN],
  [2 ** 53, 1],
])('no persist and no zeros at %d for %d bytes', (offset, length) => {
  const storage = new PowerFailMemory({ media: 4096, model: 'px86' })
  expect(() => storage.persist?.(offset, length)).toThrow(OutOfRangeError)
  expect(() => storage.zero(offset, length)).toThrow(OutOfRangeError)
})

test.each([-1, 0.5, Number.NaN, '4096', undefined, null])('there is no memory of %s bytes', (media) => {
  expect(() => new PowerFailMemory({ media: media as number, model: 'px86' })).toThrow(TypeError)
})

test.each(['px87', 'toString', '__proto__', '', undefined])('there is no model %s', (model) => {
  expect(() => new PowerFailMemory({ media: 4096, model: model as 'px86' })).toThrow(/there is no model/)
})

test.each(POWER_FAIL_MODELS)('%s: a range can be persisted only where the model has it', (model) => {
  const { persist } = new PowerFailMemory({ media: 4096, model })
  expect(persist !== undefined).toBe(model.startsWith('px86'))
})
