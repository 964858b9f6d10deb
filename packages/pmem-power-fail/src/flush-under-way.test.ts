import { expect, test } from 'vitest'
import { POWER_FAIL_MODELS, PowerFailMemory, type PowerFailModel } from './index.ts'

const WORD = 8
const storage = (model: PowerFailModel): PowerFailMemory => new PowerFailMemory({ media: 8192, model })
const write = (memory: PowerFailMemory, offset: number, value: number): void =>
  memory.write(offset, new Uint8Array(WORD).fill(value))

/** What the first byte from an offset on may be after a power failure. */
function leftAt(memory: PowerFailMemory, offset: number): number[] {
  const found = new Set<number>()
  memory.cut().explore((left) => {
    const byte = new Uint8Array(1)
    left.read(offset, byte)
    found.add(byte[0] ?? 0)
  })
  return [...found].toSorted((a, b) => a - b)
}

/** Those in which something can be in flight. */
const MODELS = POWER_FAIL_MODELS.filter((model) => model !== 'strict')

test.each(MODELS)(
  '%s: what was written before a flush began is durable when it ends, and not before',
  (model) => {
    const memory = storage(model)
    write(memory, 0, 1)
    const end = memory.startFlush()
    expect(leftAt(memory, 0)).toEqual([0, 1])
    end()
    expect(leftAt(memory, 0)).toEqual([1])
  },
)

test.each(MODELS)('%s: what was written while it was under way is not', (model) => {
  const memory = storage(model)
  write(memory, 0, 1)
  const end = memory.startFlush()
  // Over what is being flushed, in its unit, and elsewhere.
  write(memory, 0, 2)
  write(memory, WORD, 3)
  write(memory, 4096, 4)
  end()
  expect([leftAt(memory, 0), leftAt(memory, WORD), leftAt(memory, 4096)]).toEqual([
    [1, 2],
    [0, 3],
    [0, 4],
  ])
})

test.each(MODELS)('%s: of two flushes that overlap each brings what was written before it', (model) => {
  const memory = storage(model)
  write(memory, 0, 1)
  const endFirst = memory.startFlush()
  write(memory, 0, 2)
  const endSecond = memory.startFlush()
  write(memory, 0, 3)
  endFirst()
  expect(leftAt(memory, 0)).toEqual([1, 2, 3])
  endSecond()
  expect(leftAt(memory, 0)).toEqual([2, 3])
})

test.each(MODELS)('%s: a flush that ends after a later one brings nothing back', (model) => {
  const memory = storage(model)
  write(memory, 0, 1)
  const endFirst = memory.startFlush()
  write(memory, 0, 2)
  memory.flush()
  endFirst()
  expect(leftAt(memory, 0)).toEqual([2])
})

test('px86: a persist of a range that takes time leaves other lines alone', () => {
  const memory = storage('px86')
  write(memory, 0, 1)
  write(memory, 64, 2)
  memory.startFlush(0, WORD)()
  expect([leftAt(memory, 0), leftAt(memory, 64)]).toEqual([[1], [0, 2]])
})
