import { expect, test } from 'vitest'
import { secondsOfDd } from './seconds-of-dd.ts'

test.each([
  ['8192000 bytes (8.2 MB, 7.8 MiB) copied, 1.0625 s, 7.7 MB/s', 1.0625],
  ['4096 bytes (4.1 kB, 4.0 KiB) copied, 9.5e-05 s, 43.1 MB/s', 0.000095],
])('%s', (line, seconds) => {
  expect(secondsOfDd(`1+0 records in\n1+0 records out\n${line}\n`)).toBe(seconds)
})

test('without a time there is an error', () => {
  expect(() => secondsOfDd('gnu-dd: failed to open')).toThrow('failed to open')
})
