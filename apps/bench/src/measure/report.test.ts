import { expect, test } from 'vitest'
import type { Contestant } from '../contestants/contestant.ts'
import type { Comparison, Goal } from './comparison.ts'
import { summarize } from './report.ts'

const nobody = async (): Promise<void> => undefined

function contestant(name: string): Contestant {
  const run = async () => ({ value: 1, elapsedMs: 1 })
  return { name, kind: 'peer', prepare: nobody, run, verify: nobody, end: nobody }
}

function comparison(changes: Partial<Comparison> = {}): Comparison {
  return {
    suite: 'test',
    name: 'of two',
    unit: 'ns',
    per: 'a sector',
    contestants: [contestant('ours'), contestant('theirs')],
    reference: 'theirs',
    ratio: 'time',
    goals: [],
    unitStep: 1,
    ...changes,
  }
}

/** The second round was disturbed, and so were both. */
const ROUNDS = new Map([
  ['ours', [10, 90, 12]],
  ['theirs', [20, 100, 16]],
])

test('values have a median, a least and a most', () => {
  const [ours] = summarize(comparison(), ROUNDS, 7).figures
  expect(ours?.value).toEqual({ median: 12, min: 10, max: 90 })
  expect(ours?.rounds).toEqual([10, 90, 12])
})

test('a ratio is made of each round, not of the medians', () => {
  const [ours, theirs] = summarize(comparison(), ROUNDS, 7).figures
  expect(ours?.ratio).toEqual({ median: 0.75, min: 0.5, max: 0.9 })
  expect(theirs?.ratio).toBeNull()
})

test('of throughput more is better', () => {
  const [ours] = summarize(comparison({ ratio: 'throughput' }), ROUNDS, 7).figures
  expect(ours?.ratio).toEqual({ median: 16 / 12, min: 100 / 90, max: 2 })
})

test('without the reference there are values only', () => {
  const report = summarize(comparison({ reference: 'somebody else' }), ROUNDS, 7)
  expect(report.reference).toBeNull()
  expect(report.figures.map(({ ratio }) => ratio)).toEqual([null, null])
})

test.each<[string, Omit<Goal, 'contestant'>, number, boolean]>([
  ['a ratio low enough', { to: 'theirs', is: 'at most', limit: 0.75 }, 0.75, true],
  ['a ratio too high', { to: 'theirs', is: 'at most', limit: 0.74 }, 0.75, false],
  ['a value high enough', { to: undefined, is: 'at least', limit: 12 }, 12, true],
  ['a value too low', { to: undefined, is: 'at least', limit: 12.5 }, 12, false],
])('a goal: %s', (_, goal, reached, isReached) => {
  const goals = [{ ...goal, contestant: 'ours' }]
  const [judged] = summarize(comparison({ goals }), ROUNDS, 7).goals
  expect(judged).toMatchObject({ contestant: 'ours', reached, isReached })
})

test('a goal beside somebody who is not there is not judged', () => {
  const goals: Goal[] = [{ contestant: 'ours', to: 'nobody', is: 'at most', limit: 1 }]
  expect(summarize(comparison({ goals }), ROUNDS, 7).goals).toEqual([])
})
