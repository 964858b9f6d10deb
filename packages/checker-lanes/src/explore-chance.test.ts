import { describe, expect, test } from 'vitest'
import type { Sleepable, Wait } from '@bttkit/interfaces'
import { preemptionPoint } from '@bttkit/sleepable'
import { pctBound } from './explore-chance.ts'
import { replay } from './explore-replay.ts'
import type { Scenario } from './explore-scenario.ts'
import { wordScenario, type WordAccess } from './explore-toy.test-support.ts'
import { explore, type ExploreOptions } from './explore.ts'

const at = (word: number): Wait =>
  preemptionPoint({ object: 'provider', kind: 'write', start: word, end: word + 1 })

/** Two tasks add one to a counter each, by a read and a write: it takes one preemption, between the two, to lose an update. */
const lostUpdate: Scenario = {
  name: 'lost update',
  make: () => {
    let counter = 0
    const increment = function* (): Sleepable<void> {
      yield at(0)
      const seen = counter
      yield at(0)
      counter = seen + 1
    }
    return {
      tasks: ['one', 'other'].map((name) => ({ name, operation: increment() })),
      check: () => (counter === 2 ? undefined : `the counter is ${counter}`),
    }
  },
}
const STEPS = 6

/** A waiter looks, and only then takes its place; who wakes it looks for it before. Nobody comes again. */
const lostWakeup: Scenario = {
  name: 'lost wakeup',
  make: () => {
    let isDone = false
    let isWaiting = false
    let isWoken = false
    const waiter = function* (): Sleepable<void> {
      yield at(0)
      if (isDone) return
      yield at(0)
      isWaiting = true
      const on = { object: 'lane', kind: 'acquire', start: 7, end: 8 } as const
      yield Object.assign(new Promise<void>(() => {}), { on, ready: () => isWoken })
    }
    const waker = function* (): Sleepable<void> {
      yield at(0)
      isDone = true
      if (isWaiting) isWoken = true
    }
    return {
      tasks: [
        { name: 'waiter', operation: waiter() },
        { name: 'waker', operation: waker() },
      ],
      check: () => undefined,
    }
  },
}

const strategies: readonly (readonly [string, ExploreOptions])[] = [
  ['exhaustive', {}],
  ['bounded', { strategy: 'bounded', maxPreemptions: 1 }],
  ['pct', { strategy: 'pct' }],
  ['random', { strategy: 'random' }],
]

describe.each(strategies)('%s', (_, options) => {
  test('finds a lost wakeup, and says who waits for what', async () => {
    const { findings } = await explore(lostWakeup, options)
    expect(findings).toMatchObject([{ kind: 'deadlock', problem: 'deadlock: waiter waits for lane 7' }])
    expect(replay(lostWakeup, findings[0]?.schedule ?? '').kind).toBe('deadlock')
  })

  test('finds a lost update, and its schedule leads there again', async () => {
    const { findings } = await explore(lostUpdate, options)
    expect(replay(lostUpdate, findings[0]?.schedule ?? '').problem).toBe('the counter is 1')
  })

  test('is the same each time', async () => {
    const again = { ...options, maxFindings: Infinity, maxExecutions: 50 }
    expect(await explore(lostUpdate, again)).toEqual(await explore(lostUpdate, again))
  })
})

test.each(['pct', 'random'] as const)('%s: another seed runs other schedules', async (strategy) => {
  const run = (seed: number) =>
    explore(lostUpdate, { strategy, seed, maxFindings: Infinity, maxExecutions: 50 })
  expect(await run(1)).not.toEqual(await run(2))
})

test.each(['pct', 'random'] as const)('%s makes 1000 executions, and proves nothing', async (strategy) => {
  const result = await explore(wordScenario([[], []]), { strategy })
  expect(result).toMatchObject({ isExhaustive: false, executions: 1000, pruned: 0 })
})

describe('pct', () => {
  test('hits a bug of depth 2 at least as often as its bound says', async () => {
    const executions = 2000
    const { findings } = await explore(lostUpdate, {
      strategy: 'pct',
      depth: 2,
      maxFindings: Infinity,
      maxExecutions: executions,
    })
    expect(pctBound(2, STEPS, 2)).toBeCloseTo(1 / 12)
    expect(findings.length).toBeGreaterThan(executions * pctBound(2, STEPS, 2))
  })

  test('of depth d preempts d - 1 times at most', async () => {
    const writes: WordAccess[] = [0, 1, 2].map(() => ({ kind: 'write', word: 0 }))
    const orders = async (depth: number): Promise<Set<string>> => {
      const states = new Set<string>()
      const scenario = wordScenario([writes, writes], (state) => states.add(state))
      await explore(scenario, { strategy: 'pct', depth, maxExecutions: 400 })
      return states
    }
    // One task after the other.
    expect((await orders(1)).size).toBe(2)
    // Or the first one goes on again: after 0, 1 or 2 of its writes all of the other's.
    expect((await orders(2)).size).toBe(2 + 2 + 2)
  })
})

test.each<[string, ExploreOptions]>([
  ['a bound of preemptions for another strategy', { strategy: 'pct', maxPreemptions: 1 }],
  ['no bound for the bounded one', { strategy: 'bounded' }],
  ['a depth below 1', { strategy: 'pct', depth: 0 }],
])('%s is refused', async (_, options) => {
  await expect(explore(lostUpdate, options)).rejects.toThrow(RangeError)
})

test('only schedules that begin as asked are run', async () => {
  const right = await explore(lostUpdate, { after: 'A3', maxFindings: Infinity })
  expect(right).toMatchObject({ isExhaustive: true, findings: [] })
  const wrong = await explore(lostUpdate, { after: 'A2 B2', maxFindings: Infinity })
  expect(wrong.findings).toHaveLength(wrong.executions)
  expect(wrong.findings.every(({ schedule }) => schedule.startsWith('A2 B'))).toBe(true)
})

test('problems that are not of interest are no findings', async () => {
  const isOfInterest = ({ kind }: { kind: string }) => kind === 'deadlock'
  expect(await explore(lostUpdate, { isOfInterest })).toMatchObject({ isExhaustive: true, findings: [] })
})
