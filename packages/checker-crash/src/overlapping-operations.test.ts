import { expect, test } from 'vitest'
import { afterwards, type CrashOperation } from './crash-operation.ts'
import { explainSector, type OverlappingOperation } from './overlapping-operations.ts'

const LBA = 3
const GEOMETRY = { sectorSize: 512, metadataSize: 0 }
const BEFORE = new Uint8Array(512).fill(9)
const ZEROS = new Uint8Array(512)

const writeOf = (value: number): CrashOperation => ({ kind: 'write', lba: LBA, count: 1, value })
const after = (value: number): Uint8Array => afterwards(writeOf(value), LBA, BEFORE, GEOMETRY)
const write = (value: number, start: number, end = Infinity): OverlappingOperation => ({
  operation: writeOf(value),
  start,
  end,
})
const zero = (start: number, end = Infinity): OverlappingOperation => ({
  operation: { kind: 'zero', lba: LBA, count: 1 },
  start,
  end,
})
const read = (content: Uint8Array, start: number, end: number): OverlappingOperation => ({
  seen: { hasSeen: (_, other) => Buffer.compare(content, other) === 0 },
  start,
  end,
})
const explain = (left: Uint8Array, ...operations: OverlappingOperation[]): string =>
  explainSector(left, BEFORE, LBA, operations, GEOMETRY)
/** Of what was there before, and of the writes of 1 and of 2. */
const explainAll = (...operations: OverlappingOperation[]): string[] =>
  [BEFORE, after(1), after(2)].map((left) => explain(left, ...operations))

test('what had ended is there, and what had not started is not', () => {
  expect(explainAll(write(1, 0, 1))).toEqual(['none', 'durable', 'none'])
  expect(explainAll(write(1, Infinity))).toEqual(['durable', 'none', 'none'])
})

test('what was under way is there or not', () => {
  expect(explainAll(write(1, 0))).toEqual(['durable', 'durable', 'none'])
})

test('of two that overlapped either may be the last, of two others the later one', () => {
  expect(explainAll(write(1, 0, 2), write(2, 1, 3))).toEqual(['none', 'durable', 'durable'])
  expect(explainAll(write(1, 0, 1), write(2, 2, 3))).toEqual(['none', 'none', 'durable'])
})

test('one that started after another had ended does not come back to before it', () => {
  expect(explainAll(write(1, 0, 1), write(2, 2))).toEqual(['none', 'durable', 'durable'])
})

test('what a read has returned stays, where a write made it that is under way', () => {
  expect(explainAll(write(1, 0), read(after(1), 1, 2))).toEqual(['none', 'durable', 'none'])
})

test('a read tells in which order two writes were that overlapped', () => {
  const overlapped = [write(1, 0, 2), write(2, 1, 3)]
  expect(explainAll(...overlapped, read(after(1), 4, 5))).toEqual(['none', 'durable', 'none'])
})

test('a read that has ended saw what some order explains, whatever is left', () => {
  expect(explainAll(read(after(1), 0, 1))).toEqual(['none', 'none', 'none'])
  expect(explainAll(write(1, 0, 1), read(BEFORE, 2, 3))).toEqual(['none', 'none', 'none'])
  // The newer one first, and then the older one.
  expect(explainAll(write(1, 0), read(after(1), 1, 2), read(BEFORE, 3, 4))).toEqual(['none', 'none', 'none'])
})

test('a read that is under way says nothing', () => {
  expect(explainAll(write(1, 0), read(after(2), 1, Infinity))).toEqual(['durable', 'durable', 'none'])
})

test('zeros that were read may be taken back as long as the zeroing is under way', () => {
  const seen = read(ZEROS, 1, 2)
  expect([ZEROS, BEFORE].map((left) => explain(left, zero(0), seen))).toEqual(['durable', 'taken back'])
  expect([ZEROS, BEFORE].map((left) => explain(left, zero(0, 3), seen))).toEqual(['durable', 'none'])
})

test('with zeros nothing else is taken back', () => {
  const seen = read(ZEROS, 3, 4)
  expect(explainAll(write(1, 0, 1), zero(2), seen)).toEqual(['none', 'taken back', 'none'])
  // Read first, and therefore written before the zeroing.
  const [wrote, sawIt, zeroed] = [write(1, 0), read(after(1), 1, 2), zero(3)]
  expect(explainAll(wrote, sawIt, zeroed)).toEqual(['none', 'durable', 'none'])
})

test('zeros that a write of a part has found around it are not taken back', () => {
  const operation: CrashOperation = { kind: 'write-bytes', offset: LBA * 512, length: 8, value: 1 }
  const over = (before: Uint8Array): Uint8Array => afterwards(operation, LBA, before, GEOMETRY)
  const history = [zero(0), read(ZEROS, 1, 2), { operation, start: 3, end: 4 }]
  expect([over(ZEROS), over(BEFORE)].map((left) => explain(left, ...history))).toEqual(['durable', 'none'])
  // Before the zeroing it has found what was there.
  const before = [{ operation, start: 0, end: 3 }, zero(1), read(ZEROS, 4, 5)]
  expect([ZEROS, over(BEFORE)].map((left) => explain(left, ...before))).toEqual(['durable', 'taken back'])
})

test('a zeroing of a part of a sector is a write, and not taken back', () => {
  const operation: CrashOperation = { kind: 'zero-bytes', offset: LBA * 512, length: 8 }
  const made = afterwards(operation, LBA, BEFORE, GEOMETRY)
  const seen = read(made, 1, 2)
  const part = { operation, start: 0, end: Infinity }
  expect([made, BEFORE].map((left) => explain(left, part, seen))).toEqual(['durable', 'none'])
})
