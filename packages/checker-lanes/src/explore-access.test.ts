import { expect, test } from 'vitest'
import { areDependent, dependsOn, type Access, type Step } from './explore-access.ts'

const access = (kind: Access['kind'], start: number, end: number, object = 'provider'): Access => ({
  object,
  kind,
  start,
  end,
})

test.each<[string, Access, Access, boolean]>([
  ['two reads of one range', access('read', 0, 8), access('read', 0, 8), false],
  ['a read and a write that overlap', access('read', 0, 8), access('write', 7, 9), true],
  ['two writes side by side', access('write', 0, 8), access('write', 8, 16), false],
  ['a write in another object', access('write', 0, 8), access('write', 0, 8, 'lane'), false],
  ['an acquire and a release', access('acquire', 3, 4, 'lane'), access('release', 3, 4, 'lane'), true],
  ['two acquires', access('acquire', 3, 4, 'lane'), access('acquire', 0, 9, 'lane'), true],
  ['a flush and a write', access('flush', 0, 99), access('write', 0, 8), false],
  ['two flushes', access('flush', 0, 99), access('flush', 0, 99), false],
])('%s', (_, one, other, dependent) => {
  expect(areDependent([one], [other])).toBe(dependent)
  expect(areDependent([other], [one])).toBe(dependent)
})

test('steps depend on each other when anything in them does', () => {
  const one = [access('read', 0, 4), access('release', 1, 2, 'lane')]
  expect(areDependent(one, [access('flush', 0, 9), access('acquire', 0, 2, 'lane')])).toBe(true)
  expect(areDependent(one, [access('flush', 0, 9), access('read', 0, 4)])).toBe(false)
  expect(areDependent(one, [])).toBe(false)
})

test('it does not matter who enters or leaves the read tracking first, but who looks', () => {
  const tracked = (kind: Access['kind']): Access[] => [access(kind, 5, 6, 'read-tracking')]
  expect(areDependent(tracked('write'), tracked('write'))).toBe(false)
  expect(areDependent(tracked('write'), tracked('release'))).toBe(false)
  expect(areDependent(tracked('write'), tracked('read'))).toBe(true)
  expect(areDependent(tracked('acquire'), tracked('release'))).toBe(true)
})

test('a step depends on an earlier one that let its task go on, and not the other way round', () => {
  const lettingGo: Step = { task: 0, touched: [], toggled: [1] }
  const goingOn: Step = { task: 1, touched: [], toggled: [] }
  expect([dependsOn(goingOn, lettingGo), dependsOn(lettingGo, goingOn)]).toEqual([true, false])
})
