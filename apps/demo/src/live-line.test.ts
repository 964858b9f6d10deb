import { expect, test } from 'vitest'
import type { DeviceCounters } from '@bttkit/interfaces'
import { describeActivity } from './live-line.ts'

const NOTHING: DeviceCounters = {
  reads: 0,
  writes: 0,
  zeroes: 0,
  bytesRead: 0,
  bytesWritten: 0,
  flushes: 0,
  lanesInUse: 0,
}

test('what happened is told by the second, whatever time passed', () => {
  const now = { ...NOTHING, reads: 10, writes: 5, zeroes: 5, bytesRead: 2 ** 20, flushes: 7 }
  expect(describeActivity(NOTHING, now, 500)).toMatch(
    /^40 operations\/s {3}2\.0 MiB\/s {3}.* {3}14 flushes\/s/,
  )
})

test('what was before does not count, but for the bytes written in all', () => {
  const before = { ...NOTHING, reads: 100, writes: 50, bytesWritten: 4 * 2 ** 20, flushes: 9 }
  expect(describeActivity(before, before, 1000)).toBe(
    '0 operations/s   0.0 MiB/s   0 lanes in use   0 flushes/s   4.0 MiB written',
  )
})

test('lanes are those of the moment', () => {
  expect(describeActivity({ ...NOTHING, lanesInUse: 9 }, { ...NOTHING, lanesInUse: 3 }, 1000)).toContain(
    '3 lanes in use',
  )
})
