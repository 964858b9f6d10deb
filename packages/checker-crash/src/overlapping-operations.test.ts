import { expect, test } from 'vitest'
import { afterwards, type CrashOperation } from './crash-operation.ts'
import { mayHold } from './overlapping-operations.ts'

const GEOMETRY = { sectorSize: 512, metadataSize: 0 }
const ZEROS = new Uint8Array(512)
const write = (value: number): CrashOperation => ({ kind: 'write', lba: 3, count: 1, value })
const after = (value: number): Uint8Array => afterwards(write(value), 3, ZEROS, GEOMETRY)
const holds = (content: Uint8Array, times: [start: number, end: number][]): boolean =>
  mayHold(
    content,
    ZEROS,
    3,
    times.map(([start, end], index) => ({ operation: write(index + 1), start, end })),
    GEOMETRY,
  )

test('what had ended is there, and what had not started is not', () => {
  expect(holds(after(1), [[0, 1]])).toBe(true)
  expect(holds(ZEROS, [[0, 1]])).toBe(false)
  expect(holds(after(1), [[Infinity, Infinity]])).toBe(false)
  expect(holds(ZEROS, [[Infinity, Infinity]])).toBe(true)
})

test('what was under way is there or not', () => {
  expect([ZEROS, after(1), after(2)].map((content) => holds(content, [[0, Infinity]]))).toEqual([
    true,
    true,
    false,
  ])
})

test('of two that overlapped either may be the last, of two others the later one', () => {
  expect(
    [after(1), after(2)].map((content) =>
      holds(content, [
        [0, 2],
        [1, 3],
      ]),
    ),
  ).toEqual([true, true])
  expect(
    [after(1), after(2)].map((content) =>
      holds(content, [
        [0, 1],
        [2, 3],
      ]),
    ),
  ).toEqual([false, true])
})

test('one that started after another had ended does not come back to before it', () => {
  expect(
    [ZEROS, after(1), after(2)].map((content) =>
      holds(content, [
        [0, 1],
        [2, Infinity],
      ]),
    ),
  ).toEqual([false, true, true])
})
