import { expect, test } from 'vitest'
import { secondsOfDd } from './seconds-of-dd.ts'

test('each run has its time', () => {
  const said = [
    '2000+0 records in',
    '8192000 bytes (8.2 MB, 7.8 MiB) copied, 1.0625 s, 7.7 MB/s',
    '4096 bytes (4.1 kB, 4.0 KiB) copied, 9.5e-05 s, 43.1 MB/s',
  ].join('\n')
  expect(secondsOfDd(said)).toEqual([1.0625, 0.000095])
})

test('a run that failed has none', () => {
  expect(secondsOfDd('gnu-dd: failed to open')).toEqual([])
})
