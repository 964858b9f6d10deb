import { expect, test } from 'vitest'
import { OutOfRangeError, checkPiece, checkRange } from './index.ts'

const storage = { name: 'disk.img', size: 100 }

test.each([
  [0, 0],
  [0, 100],
  [100, 0],
  [99, 1],
])('%d and %d bytes are within the storage', (offset, length) => {
  expect(() => checkRange(storage, offset, length)).not.toThrow()
})

test.each([
  [-1, 1],
  [0, 101],
  [100, 1],
  [101, 0],
  [0, -1],
  [0.5, 1],
  [0, 0.5],
  [NaN, 1],
  [0, Infinity],
  [2 ** 53, 0],
])('%d and %d bytes are not', (offset, length) => {
  expect(() => checkRange(storage, offset, length)).toThrow(OutOfRangeError)
})

test('the error names the storage and the byte', () => {
  expect(() => checkRange(storage, 96, 8)).toThrow(/^disk\.img, byte 96: 8 bytes .* the 100 bytes/)
})

test.each([
  [-1, 1],
  [0, 11],
  [10, 1],
  [0.5, 1],
  [NaN, 0],
])('a piece from %d of %d bytes is not within a buffer of 10', (start, length) => {
  expect(() => checkPiece(new Uint8Array(10), start, length)).toThrow(TypeError)
})

test('a piece may be the whole buffer, or end with it', () => {
  expect(() => checkPiece(new Uint8Array(10), 0, 10)).not.toThrow()
  expect(() => checkPiece(new Uint8Array(10), 10, 0)).not.toThrow()
})
