/** Pieces of a mapping, from and to buffers of every alignment. What holds of them on a mapped file is in dax-provider.test.ts and dax-share.test.ts. */
import { expect, test } from 'vitest'
import { MappedView } from './mapped-view.ts'

/** Of pieces that are no words, one or several, as long as words go, and longer. */
const LENGTHS = [0, 1, 2, 3, 4, 5, 7, 8, 9, 12, 16, 20, 24, 60, 64, 65, 68, 72]
const OFFSETS = 17
const STARTS = 10
const VIEW_BYTES = 128
const BUFFER_BYTES = 96

/** Bytes that nothing else in the test has in the same order. */
const numbered = (length: number, first: number): Uint8Array<ArrayBuffer> =>
  Uint8Array.from({ length }, (_byte, at) => (first + at * 7) & 0xff)

/** Bytes that begin at `byteOffset` of a buffer of their own. */
function bytesAt(byteOffset: number): Uint8Array {
  return new Uint8Array(new ArrayBuffer(byteOffset + BUFFER_BYTES), byteOffset, BUFFER_BYTES)
}

interface Piece {
  readonly offset: number
  readonly start: number
  readonly length: number
}

function* pieces(): Generator<Piece> {
  for (const length of LENGTHS)
    for (let offset = 0; offset < OFFSETS; offset++)
      for (let start = 0; start < STARTS; start++) yield { offset, start, length }
}

/** The first byte that differs, with the piece after which it does; one expectation a piece would take seconds. */
function difference(found: Uint8Array, expected: Uint8Array, piece: Piece): string | undefined {
  if (Buffer.compare(found, expected) === 0) return undefined
  const at = expected.findIndex((byte, index) => found[index] !== byte)
  return `byte ${at} after ${JSON.stringify(piece)}`
}

test.each([[[0]], [[4]], [[3]], [[0, 8, 4, 3]]])(
  'pieces of every alignment arrive in the mapping, from buffers that begin at byte %o of theirs, and nothing beside it changes',
  (byteOffsets) => {
    const mapped = new Uint8Array(VIEW_BYTES)
    const view = new MappedView(mapped.buffer)
    const expected = new Uint8Array(VIEW_BYTES)
    const sources = byteOffsets.map(bytesAt)
    let turn = 0
    for (const piece of pieces()) {
      const source = sources[turn++ % sources.length] ?? expect.fail('there is no source')
      source.set(numbered(BUFFER_BYTES, turn))
      expected.set(source.subarray(piece.start, piece.start + piece.length), piece.offset)
      view.store(piece.offset, source, piece.start, piece.length)
      const problem = difference(mapped, expected, piece)
      if (problem !== undefined) expect.fail(problem)
    }
  },
)

test.each([[[0]], [[4]], [[3]], [[0, 8, 4, 3]]])(
  'pieces of every alignment are read from the mapping, to buffers that begin at byte %o of theirs, and nothing beside it changes',
  (byteOffsets) => {
    const mapped = numbered(VIEW_BYTES, 1)
    const view = new MappedView(mapped.buffer)
    const targets = byteOffsets.map(bytesAt)
    const expected = new Uint8Array(BUFFER_BYTES)
    let turn = 0
    for (const piece of pieces()) {
      const target = targets[turn++ % targets.length] ?? expect.fail('there is no target')
      target.fill(turn)
      expected.fill(turn).set(mapped.subarray(piece.offset, piece.offset + piece.length), piece.start)
      view.load(piece.offset, target, piece.start, piece.length)
      const problem = difference(target, expected, piece)
      if (problem !== undefined) expect.fail(problem)
    }
  },
)

test.each(['store', 'load'] as const)(
  'a %s within the mapping moves what was there, though both places overlap',
  (call) => {
    for (const { offset, start, length } of pieces()) {
      const mapped = numbered(VIEW_BYTES, 1)
      const expected = mapped.slice()
      if (call === 'store') expected.copyWithin(offset, start, start + length)
      else expected.copyWithin(start, offset, offset + length)
      new MappedView(mapped.buffer)[call](offset, mapped, start, length)
      const problem = difference(mapped, expected, { offset, start, length })
      if (problem !== undefined) expect.fail(problem)
    }
  },
)

test('a buffer whose bytes change between two pieces is not remembered as it was', () => {
  const mapped = new Uint8Array(VIEW_BYTES)
  const view = new MappedView(mapped.buffer)
  const source = new Uint8Array(8)
  for (const byte of [1, 2]) {
    view.store(8, source.fill(byte), 0, 8)
    expect([...mapped.subarray(8, 16)]).toEqual(Array.from({ length: 8 }, () => byte))
  }
})

test('what is left at the end of a mapping, in no whole word, is reached, too', () => {
  const mapped = new Uint8Array(15)
  const view = new MappedView(mapped.buffer)
  view.store(12, Uint8Array.of(1, 2, 3), 0, 3)
  view.store(8, Uint8Array.of(4, 5, 6, 7), 0, 4)
  const target = new Uint8Array(7)
  view.load(8, target, 0, 7)
  expect([...target]).toEqual([4, 5, 6, 7, 1, 2, 3])
})
