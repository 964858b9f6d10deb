import { expect, test } from 'vitest'
import type { BenchContext } from './bench-context.ts'
import { shareTime } from './run-suites.ts'
import type { Suite } from './suite.ts'

function suite(name: string, weight: number, comparisons: number): Suite {
  const plan = { name, make: async () => undefined }
  return { name, description: '', weight, plan: () => Array.from({ length: comparisons }, () => plan) }
}

/** The milliseconds of each comparison, by suite. */
function shares(...suites: Suite[]): Record<string, number[]> {
  const plans = shareTime(suites, (each) => each.plan({} as BenchContext), 1000)
  const byName: Record<string, number[]> = {}
  for (const { name, limitMs } of plans) (byName[name] ??= []).push(limitMs)
  return byName
}

test('suites get time by their weights, and their comparisons the same', () => {
  expect(shares(suite('a', 3, 3), suite('b', 1, 1))).toEqual({ a: [250, 250, 250], b: [250] })
})

test('a suite without comparisons takes no time', () => {
  expect(shares(suite('a', 3, 0), suite('b', 1, 2))).toEqual({ b: [500, 500] })
})
