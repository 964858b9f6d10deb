import { expect, test } from 'vitest'
import { lockTakers } from './lock-holder.ts'

const listing = `1: FLOCK  ADVISORY  WRITE 4491 00:06:94 0 EOF
2: POSIX  ADVISORY  WRITE 4492 00:06:94 0 EOF
3: FLOCK  ADVISORY  READ 4493 fe:10:94 0 EOF
3: -> FLOCK  ADVISORY  WRITE 4494 fe:10:94 0 EOF
4: FLOCK  ADVISORY  READ -1 fe:10:194 0 EOF
`

test('finds the flock locks of one inode, not the waiting ones', () => {
  expect(lockTakers(listing, '00:06:94')).toEqual(['4491'])
  expect(lockTakers(listing, 'fe:10:94')).toEqual(['4493'])
  expect(lockTakers(listing, 'fe:10:4')).toEqual([])
})

test('reads the lines of one descriptor alike', () => {
  const lines = 'pos:\t0\nflags:\t0100000\nlock:\t1: FLOCK  ADVISORY  WRITE 4491 00:06:94 0 EOF\n'
  expect(lockTakers(lines, '00:06:94')).toEqual(['4491'])
})
