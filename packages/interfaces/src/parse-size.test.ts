import { describe, expect, test } from 'vitest'
import { parseSize } from './index.ts'

describe('parseSize', () => {
  test.each([
    ['0', 0],
    ['512', 512],
    ['512B', 512],
    ['4k', 4096],
    ['4K', 4096],
    ['4KiB', 4096],
    ['4kB', 4000],
    ['4KB', 4000],
    ['64M', 64 * 2 ** 20],
    ['64m', 64 * 2 ** 20],
    ['64MiB', 64 * 2 ** 20],
    ['64MB', 64_000_000],
    ['1G', 2 ** 30],
    ['1GiB', 2 ** 30],
    ['1GB', 1e9],
    ['2T', 2 ** 41],
    ['2TiB', 2 ** 41],
    ['2TB', 2e12],
    ['0064', 64],
    [String(Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER],
  ])('%s is %d bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes)
  })

  test.each([
    '',
    'k',
    '-1',
    '+1',
    '1.5G',
    '1e3',
    '0x10',
    ' 1',
    '1 ',
    '64 MiB',
    '1\n',
    '1Mb',
    '1kb',
    '1mb',
    '1kib',
    '1Ki',
    '1P',
    '1k1',
    '١',
    'NaN',
  ])('%j is no size', (text) => {
    expect(parseSize(text)).toBeUndefined()
  })

  test.each([String(2 ** 53), '9007199254740993', '8192T', '9007199254740991k', '9'.repeat(400)])(
    '%s is too large to count bytes exactly',
    (text) => {
      expect(parseSize(text)).toBeUndefined()
    },
  )
})
