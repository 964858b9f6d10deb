import assert from 'node:assert/strict'
import { assertStored, fillStart, patternOf } from './bytes.ts'
import { without, type ConformanceCase } from './conformance-case.ts'
import { assertFails } from './failures.ts'
import { readingCalls, storingCalls, type RangeCall } from './range-calls.ts'
import type { Subject } from './subject.ts'

type Range = readonly [offset: number, length: number]

/** Tries each call at each range, and that none has stored anything on the way. */
async function assertRefused(
  { provider }: Subject,
  calls: readonly RangeCall[],
  ranges: readonly Range[],
): Promise<void> {
  const { size } = provider
  const last = patternOf(32, 2)
  const first = await fillStart(provider, 32)
  await provider.write(size - 32, last.slice())
  for (const { name, begin } of calls) {
    for (const [offset, length] of ranges) {
      const what = `${name} of ${length} bytes at ${offset}, of ${size}`
      await assertFails(() => begin(offset, length), 'BTT_OUT_OF_RANGE', what)
    }
  }
  await assertStored(provider, 0, first, 'the first bytes after refused calls')
  await assertStored(provider, size - 32, last, 'the last bytes after refused calls')
}

const reachingBeyond = (size: number): Range[] => [
  [size, 1],
  [size - 1, 2],
  [size - 7, 8],
  [size + 1, 0],
  [size + 4096, 8],
]

const NOT_OFFSETS: readonly Range[] = [
  [-1, 1],
  [-8, 8],
  [-1, 0],
  [0.5, 1],
  [Number.NaN, 1],
  [Infinity, 1],
  [2 ** 53, 1],
]

/** Which ranges there are. */
export const boundsCases: readonly ConformanceCase[] = [
  {
    name: 'bounds: a read beyond the end is refused',
    run: (subject) =>
      assertRefused(subject, readingCalls(subject.provider), reachingBeyond(subject.provider.size)),
  },
  {
    name: 'bounds: a change beyond the end is refused, and nothing of it is stored',
    run: (subject) =>
      assertRefused(subject, storingCalls(subject.provider), reachingBeyond(subject.provider.size)),
  },
  {
    name: 'bounds: a read at what is no offset is refused',
    run: (subject) => assertRefused(subject, readingCalls(subject.provider), NOT_OFFSETS),
  },
  {
    name: 'bounds: a change at what is no offset is refused',
    run: (subject) => assertRefused(subject, storingCalls(subject.provider), NOT_OFFSETS),
  },
  {
    name: 'bounds: zeroing what is no number of bytes is refused',
    skipReason: without('zero'),
    async run(subject) {
      const { provider } = subject
      const zero: RangeCall = { name: 'zero', begin: (offset, length) => provider.zero?.(offset, length) }
      await assertRefused(
        subject,
        [zero],
        [-1, 0.5, Number.NaN, 2 ** 53].map((length) => [16, length]),
      )
    },
  },
  {
    name: 'bounds: persisting what is not there is refused',
    skipReason: without('persist'),
    async run(subject) {
      const { provider } = subject
      const persist: RangeCall = {
        name: 'persist',
        begin: (offset, length) => provider.persist?.(offset, length),
      }
      await assertRefused(subject, [persist], [...reachingBeyond(provider.size), ...NOT_OFFSETS, [16, -1]])
    },
  },
  {
    name: 'bounds: persisting several ranges is refused where one of them is not there',
    skipReason: without('persistMany'),
    async run(subject) {
      const { provider } = subject
      const persistMany: RangeCall = {
        name: 'persistMany',
        begin: (offset, length) =>
          provider.persistMany?.([
            { offset: 0, length: 8 },
            { offset, length },
          ]),
      }
      await assertRefused(
        subject,
        [persistMany],
        [...reachingBeyond(provider.size), ...NOT_OFFSETS, [16, -1]],
      )
    },
  },
  {
    name: 'bounds: a refusal names the storage',
    async run({ provider }) {
      for (const { name, begin } of [...readingCalls(provider), ...storingCalls(provider)]) {
        const error = await assertFails(() => begin(provider.size, 8), 'BTT_OUT_OF_RANGE', name)
        assert.equal(error.place.image, provider.name, `${name}: the image of the failure's place`)
      }
    },
  },
  {
    name: 'bounds: the very last bytes are stored and read',
    async run({ provider }) {
      const { size } = provider
      for (const length of [1, 3, 512]) {
        const bytes = patternOf(length, length)
        await provider.write(size - length, bytes.slice())
        await assertStored(provider, size - length, bytes, `the last ${length} bytes`)
      }
    },
  },
  {
    name: 'bounds: an empty transfer does nothing, also at the very end',
    async run({ provider }) {
      const model = await fillStart(provider, 64)
      for (const { begin } of [...readingCalls(provider), ...storingCalls(provider)]) {
        for (const offset of [0, 17, provider.size]) await begin(offset, 0)
      }
      await provider.writeMany?.([])
      await assertStored(provider, 0, model, 'the bytes after empty transfers')
    },
  },
]
