import { expect, test } from 'vitest'
import fc from 'fast-check'
import { formatTrace, replay } from './explore-replay.ts'
import { parseSchedule, printSchedule } from './explore-schedule.ts'
import { wordScenario } from './explore-toy.test-support.ts'

const scenario = wordScenario([
  [
    { kind: 'read', word: 0 },
    { kind: 'write', word: 12 },
  ],
  [{ kind: 'write', word: 0 }],
])

test('a schedule is letters with run lengths', () => {
  expect(printSchedule([0, 0, 0, 1, 0, 25])).toBe('A3 B A Z')
  expect(printSchedule([])).toBe('')
  expect(() => printSchedule([26])).toThrow(RangeError)
})

test('what is printed is read as it was', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(3), { maxLength: 40 }), (tasks) => {
      expect(parseSchedule(printSchedule(tasks))).toEqual(tasks)
    }),
  )
})

test.each(['a3', 'A0', 'A-1', '3A', 'A1.5', 'A99999999', 'A3,B'])('"%s" is no schedule', (text) => {
  expect(() => parseSchedule(text)).toThrow(SyntaxError)
})

test('a replay tells what each step touched', () => {
  const { steps, isComplete, problem } = replay(scenario, 'A2 B2 A')
  expect([isComplete, problem]).toEqual([true, undefined])
  expect(formatTrace(steps).split('\n')).toEqual([
    '1  A task 0: ',
    '2  A task 0: read provider 0',
    '3  B task 1: ',
    '4  B task 1: write provider 0',
    '5  A task 0: write provider 12',
  ])
})

test('a schedule that ends early is replayed as far as it goes', () => {
  expect(replay(scenario, 'A2 B')).toMatchObject({ isComplete: false, problem: undefined })
})

test.each(['A4', 'C', 'B2 A3 B'])('%s names a task that cannot go on', (schedule) => {
  expect(() => replay(scenario, schedule)).toThrow(
    /the schedule does not fit: task [ABC] cannot go on at step \d/,
  )
})
