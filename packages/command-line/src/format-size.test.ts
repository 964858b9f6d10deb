import { expect, test } from 'vitest'
import { formatSize } from './index.ts'

test.each([
  [0, '0 bytes'],
  [1023, '1023 bytes'],
  [1024, '1.0 KiB'],
  [1536, '1.5 KiB'],
  [2 ** 20 - 1, '1.0 MiB'],
  [64 * 2 ** 20, '64.0 MiB'],
  [512 * 2 ** 30, '512.0 GiB'],
  [2 ** 40, '1.0 TiB'],
  [Number.MAX_SAFE_INTEGER, '8.0 PiB'],
])('%d is %s', (bytes, text) => {
  expect(formatSize(bytes)).toBe(text)
})
