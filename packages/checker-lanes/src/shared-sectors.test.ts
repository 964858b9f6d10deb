import { expect, test } from 'vitest'
import { SharedSectors } from './shared-sectors.ts'

const WRITERS = 3

function sectors(): SharedSectors {
  return new SharedSectors(
    new Int32Array(new SharedArrayBuffer(4 * SharedSectors.wordsFor(2, WRITERS))),
    WRITERS,
  )
}

function write(shared: SharedSectors, writer: number, generation: number, sector = 0): void {
  shared.endWrite(sector, writer, generation, shared.beginWrite(sector, writer, generation))
}

/** What a reader says who read this from now on. */
function judgeNow(shared: SharedSectors, writer: number, generation: number): string | undefined {
  const view = shared.newView()
  shared.look(0, view)
  return shared.judge(0, view, writer, generation)
}

function judgeZerosNow(shared: SharedSectors): string | undefined {
  const view = shared.newView()
  shared.look(0, view)
  return shared.judgeZeros(0, view)
}

test('the last write that has ended is what is there', () => {
  const shared = sectors()
  write(shared, 1, 5)
  expect(judgeNow(shared, 1, 5)).toBe(undefined)
})

test('an older write of the same writer is stale', () => {
  const shared = sectors()
  write(shared, 1, 5)
  write(shared, 1, 6)
  expect(judgeNow(shared, 1, 5)).toBe('stale')
})

test('a write that another one followed is lost when it shows again', () => {
  const shared = sectors()
  write(shared, 1, 5)
  write(shared, 2, 9)
  expect(judgeNow(shared, 1, 5)).toBe('lost')
  expect(judgeNow(shared, 2, 9)).toBe(undefined)
})

test('of two writes at the same time either may be there', () => {
  const shared = sectors()
  const one = shared.beginWrite(0, 1, 5)
  const other = shared.beginWrite(0, 2, 9)
  shared.endWrite(0, 1, 5, one)
  shared.endWrite(0, 2, 9, other)
  expect([judgeNow(shared, 1, 5), judgeNow(shared, 2, 9)]).toEqual([undefined, undefined])
})

test('a write that is under way may be there, and what was there before it', () => {
  const shared = sectors()
  write(shared, 1, 5)
  shared.beginWrite(0, 2, 9)
  expect([judgeNow(shared, 1, 5), judgeNow(shared, 2, 9)]).toEqual([undefined, undefined])
})

test('what ends while one reads may be seen or not', () => {
  const shared = sectors()
  write(shared, 1, 5)
  const view = shared.newView()
  shared.look(0, view)
  write(shared, 2, 9)
  expect([shared.judge(0, view, 1, 5), shared.judge(0, view, 2, 9)]).toEqual([undefined, undefined])
})

test('a write that nobody has begun cannot be there, nor one of nobody', () => {
  const shared = sectors()
  write(shared, 1, 5)
  expect([judgeNow(shared, 1, 6), judgeNow(shared, WRITERS, 1)]).toEqual(['never written', 'never written'])
})

test('zeros are there at first, and lost once something was written', () => {
  const shared = sectors()
  expect(judgeZerosNow(shared)).toBe(undefined)
  shared.beginWrite(0, 1, 5)
  expect(judgeZerosNow(shared)).toBe(undefined)
  write(shared, 2, 1)
  expect(judgeZerosNow(shared)).toBe('lost')
})

test('zeroing is a write: it may be there while it is under way, and replaces what ended before it', () => {
  const shared = sectors()
  write(shared, 1, 5)
  const tick = shared.beginZero(0)
  expect([judgeZerosNow(shared), judgeNow(shared, 1, 5)]).toEqual([undefined, undefined])
  shared.endZero(0, tick)
  expect([judgeZerosNow(shared), judgeNow(shared, 1, 5)]).toEqual([undefined, 'lost'])
  write(shared, 1, 6)
  expect([judgeZerosNow(shared), judgeNow(shared, 1, 6)]).toEqual(['lost', undefined])
})

test('sectors have nothing to do with each other', () => {
  const shared = sectors()
  write(shared, 1, 5)
  write(shared, 2, 9, 1)
  expect(judgeNow(shared, 1, 5)).toBe(undefined)
})
