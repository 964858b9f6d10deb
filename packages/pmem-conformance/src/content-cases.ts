import assert from 'node:assert/strict'
import type { PmemProvider } from '@bttkit/interfaces'
import { assertBytes, assertStored, fillStart, patternOf, readBytes, SeededNumbers } from './bytes.ts'
import { without, type ConformanceCase } from './conformance-case.ts'

const STEPS = 300
const SEED = 20_251
const MODEL_BYTES = 16_384

/** One random call, on the storage and on the model of its first bytes. */
async function stepWithModel(
  provider: PmemProvider,
  model: Uint8Array,
  numbers: SeededNumbers,
  step: number,
): Promise<void> {
  const offset = numbers.below(MODEL_BYTES)
  // Half of them short, as map entries are, and half of any length.
  const length = Math.min(numbers.below(numbers.below(2) === 0 ? 70 : MODEL_BYTES), MODEL_BYTES - offset)
  const kind = numbers.below(3)
  if (kind === 0) {
    const expected = model.subarray(offset, offset + length)
    await assertStored(provider, offset, expected, `step ${step}, a read at ${offset}`)
  } else if (kind === 1 && provider.zero !== undefined) {
    await provider.zero(offset, length)
    model.fill(0, offset, offset + length)
  } else {
    const source = patternOf(length, step)
    model.set(source, offset)
    await provider.write(offset, source)
  }
}

/** What is read is what was stored. */
export const contentCases: readonly ConformanceCase[] = [
  {
    name: 'content: a large transfer is whole',
    async run({ provider, askedBytes }) {
      const source = patternOf(askedBytes, 1)
      await provider.write(0, source.slice())
      await assertStored(provider, 0, source, 'all bytes in one read')
      const target = await readBytes(provider, 1, askedBytes - 2)
      assertBytes(target, source.subarray(1, -1), 'all bytes but the first and the last')
    },
  },
  {
    name: 'content: a write stores its range, and nothing beside it',
    async run({ provider }) {
      const model = await fillStart(provider, 2048)
      for (const [offset, length] of [
        [513, 1],
        [100, 4],
        [510, 5],
        [1001, 700],
      ] as const) {
        const source = patternOf(length, offset)
        model.set(source, offset)
        await provider.write(offset, source)
        await assertStored(provider, 0, model, `after ${length} bytes at ${offset}`)
      }
    },
  },
  {
    name: 'content: zero clears its range, and nothing beside it',
    skipReason: without('zero'),
    async run({ provider }) {
      const model = await fillStart(provider, 32_768)
      for (const [offset, length] of [
        [513, 1],
        [64, 64],
        [1000, 3],
        [4096, 8192],
        [20_001, 9999],
      ] as const) {
        model.fill(0, offset, offset + length)
        await provider.zero?.(offset, length)
        await assertStored(provider, 0, model, `after ${length} zeros at ${offset}`)
      }
    },
  },
  {
    name: 'content: writeMany stores each segment, and nothing beside them',
    skipReason: without('writeMany'),
    async run({ provider }) {
      const model = await fillStart(provider, 8192)
      const segments = [
        { offset: 4000, source: patternOf(500, 1) },
        { offset: 3, source: patternOf(1, 2) },
        { offset: 64, source: patternOf(0, 3) },
        { offset: 100, source: patternOf(64, 4) },
        { offset: 7000, source: patternOf(4, 5) },
      ]
      for (const { offset, source } of segments) model.set(source, offset)
      await provider.writeMany?.(segments)
      await assertStored(provider, 0, model, 'the storage')
    },
  },
  {
    name: 'content: random reads, writes and zeros agree with a model',
    async run({ provider }) {
      const numbers = new SeededNumbers(SEED)
      const model = await fillStart(provider, MODEL_BYTES)
      for (let step = 0; step < STEPS; step++) await stepWithModel(provider, model, numbers, step)
      await assertStored(provider, 0, model, `after ${STEPS} steps`)
    },
  },
  {
    name: 'content: the size stays what it was',
    async run({ provider }) {
      const { size } = provider
      await provider.write(size - 1, patternOf(1, 1))
      await provider.zero?.(size - 1, 1)
      await provider.flush()
      assert.equal(provider.size, size)
    },
  },
]
