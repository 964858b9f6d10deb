import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { findDataRanges, type FindInFile } from './index.ts'

const PIECE = 10

/** A file of pieces of 10 bytes, each with data or a hole, as lseek(2) tells of it. */
function fileOf(pieces: readonly boolean[]): FindInFile {
  return (what, offset) => {
    for (let at = offset; at < pieces.length * PIECE; at++)
      if (pieces[Math.floor(at / PIECE)] === (what === 'data')) return at
    return what === 'data' ? 'ENXIO' : pieces.length * PIECE
  }
}

test('the ranges are the data, in order and apart, and nothing else', () => {
  fc.assert(
    fc.property(
      fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }),
      fc.nat(80),
      fc.nat(80),
      (pieces, one, other) => {
        const size = pieces.length * PIECE
        const [from, to] = [Math.min(one, other, size), Math.min(Math.max(one, other), size)]
        const isData = Array.from({ length: size }, () => false)
        let last = -1
        for (const { offset, length } of findDataRanges(fileOf(pieces), from, to - from)) {
          expect(length).toBeGreaterThan(0)
          expect(offset).toBeGreaterThan(last)
          isData.fill(true, offset, offset + length)
          last = offset + length
        }
        for (let at = 0; at < size; at++)
          expect(isData[at]).toBe(at >= from && at < to && pieces[Math.floor(at / PIECE)])
      },
    ),
  )
})

test.each<[string, FindInFile]>([
  ['does not know', () => 'EINVAL'],
  ['knows where data begin only', (what) => (what === 'data' ? 0 : 'EINVAL')],
  ['answers nonsense', () => -5],
])('a system that %s leaves the whole range', (_what, find) => {
  expect(findDataRanges(find, 100, 50)).toEqual([{ offset: 100, length: 50 }])
})
