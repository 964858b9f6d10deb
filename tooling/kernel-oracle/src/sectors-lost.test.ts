import { expect, test } from 'vitest'
import { sectorsLost } from './sectors-lost.ts'

test('a lost sector comes after those that were read and those that were lost before it', () => {
  const said = [
    "dd: error reading '/dev/pmem0s': Input/output error",
    '0+0 records in',
    '0+0 records out',
    "dd: error reading '/dev/pmem0s': Input/output error",
    '12+1 records in',
    '0+0 records out',
    '34222+2 records in',
    '16+1 records out',
    '',
  ].join('\n')
  expect(sectorsLost(said)).toEqual([0, 13])
})

test('where nothing is said of errors nothing is lost', () => {
  expect(sectorsLost('34222+0 records in\n16+1 records out\n')).toEqual([])
})
