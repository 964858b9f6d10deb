import { describe, expect, test } from 'vitest'
import type { Sleepable } from '@bttkit/interfaces'
import { preemptionPoint } from '@bttkit/sleepable'
import { Budget } from './explore-budget.ts'
import { guiltyStep } from './explore-guilty.ts'
import { replay } from './explore-replay.ts'
import type { Scenario } from './explore-scenario.ts'
import { shrink } from './explore-shrink.ts'
import { explore, type ExplorationFinding } from './explore.ts'

/** What a task does: so many steps that nobody minds, or one increment of a counter by a read and a write. */
type Deed = number | 'increment'
type Deeds = readonly (readonly Deed[])[]

const point = (kind: 'read' | 'write', word: number) =>
  preemptionPoint({ object: 'provider', kind, start: word, end: word + 1 })

function counting(tasks: Deeds): Scenario {
  return {
    name: 'counting',
    make: () => {
      let counter = 0
      let increments = 0
      const inTurn = function* (deeds: readonly Deed[]): Sleepable<void> {
        for (const deed of deeds) {
          for (let i = 0; i < Number(deed); i++) yield point('write', 1)
          if (deed !== 'increment') continue
          increments++
          yield point('read', 0)
          const seen = counter
          yield point('write', 0)
          counter = seen + 1
        }
      }
      return {
        tasks: tasks.map((deeds, task) => ({ name: `task ${task}`, operation: inTurn(deeds) })),
        check: () => (counter === increments ? undefined : `${increments - counter} were lost: ${counter}`),
      }
    },
  }
}

function* fewerDeeds(tasks: Deeds): Generator<Deeds> {
  for (const [index] of tasks.entries()) yield tasks.toSpliced(index, 1)
  for (const [index, deeds] of tasks.entries())
    for (const [at] of deeds.entries()) yield tasks.with(index, deeds.toSpliced(at, 1))
}

async function findingOf(tasks: Deeds, seed = 1): Promise<ExplorationFinding> {
  const { findings } = await explore(counting(tasks), { strategy: 'random', seed })
  const [finding] = findings
  if (finding === undefined) throw new Error('nothing was found')
  return finding
}

const options = { makeScenario: counting, smaller: fewerDeeds }
const much: Deeds = [[2, 'increment', 'increment'], [1], ['increment', 2], [1, 'increment']]

test.each([1, 2, 3])('only what it takes is left of workload and schedule, seed %d', async (seed) => {
  const shrunk = await shrink(much, await findingOf(much, seed), {
    ...options,
    isSame: ({ problem }) => problem.includes('lost'),
  })
  expect(shrunk.workload).toEqual([['increment'], ['increment']])
  // Three steps a task. Who read comes to write after the other one has: one preemption.
  expect(shrunk).toMatchObject({ preemptions: 1, steps: 6, schedule: 'A2 B3 A' })
  expect(replay(counting(shrunk.workload), shrunk.schedule).problem).toBe(shrunk.problem)
})

test('the same finding shrinks to the same result', async () => {
  const finding = await findingOf(much)
  expect(await shrink(much, finding, options)).toEqual(await shrink(much, finding, options))
})

test('another kind of problem is not taken for the same', async () => {
  const tasks: Deeds = [['increment'], ['increment'], ['increment']]
  const { findings } = await explore(counting(tasks), {
    isOfInterest: ({ problem }) => problem.startsWith('2 were lost'),
  })
  const [finding] = findings
  if (finding === undefined) throw new Error('nothing was found')
  const isSame = ({ problem }: { problem: string }) => problem.startsWith('2 were lost')
  const shrunk = await shrink(tasks, finding, { ...options, isSame })
  expect(shrunk.workload).toEqual(tasks)
  expect(shrunk.problem).toBe('2 were lost: 1')
})

// One task after the other takes a step more, because the flag is not up yet: then it is looked at again.
test('fewer preemptions are better than fewer steps', async () => {
  const makeScenario = (): Scenario => ({
    name: 'look again',
    make: () => {
      let isUp = false
      const looking = function* (): Sleepable<void> {
        yield point('read', 0)
        if (!isUp) yield point('read', 0)
      }
      const raising = function* (): Sleepable<void> {
        yield point('write', 0)
        isUp = true
      }
      const operations = [looking(), raising()]
      return {
        tasks: operations.map((operation, task) => ({ name: `task ${task}`, operation })),
        check: () => 'always wrong',
      }
    },
  })
  const finding = { kind: 'always wrong', problem: 'always wrong', schedule: 'A B2 A' }
  const shrunk = await shrink(undefined, finding, { makeScenario })
  expect(shrunk).toMatchObject({ preemptions: 0, steps: 4, schedule: 'B2 A2' })
  const late = { ...finding, schedule: 'A2 B2 A' }
  expect(await shrink(undefined, late, { makeScenario })).toMatchObject({ preemptions: 0, steps: 4 })
})

test('with few executions the result is still wrong in the same way', async () => {
  const finding = await findingOf(much)
  const shrunk = await shrink(much, finding, { ...options, maxExecutions: 10 })
  expect(shrunk.kind).toBe(finding.kind)
  expect(replay(counting(shrunk.workload), shrunk.schedule).kind).toBe(finding.kind)
})

describe('a signal', () => {
  /** Aborts when so many executions have begun. */
  async function shrinkUntil(executions: number): Promise<{ begun: number; kind: string; workload: Deeds }> {
    const stop = new AbortController()
    let begun = 0
    const makeScenario = (tasks: Deeds): Scenario => ({
      name: 'counting',
      make: (recorder) => {
        begun++
        if (begun === executions) stop.abort()
        return counting(tasks).make(recorder)
      },
    })
    const { signal } = stop
    const { kind, workload } = await shrink(much, await findingOf(much), { ...options, makeScenario, signal })
    return { begun, kind, workload }
  }

  test.each([1, 2, 10, 100])('after %d executions ends it with what was reached', async (executions) => {
    const { begun, kind } = await shrinkUntil(executions)
    expect(kind).toBe('# were lost')
    // The search that was under way, and the run of what is the result.
    expect(begun).toBeLessThanOrEqual(executions + 2)
  })

  test('that comes at once leaves the workload as it is', async () => {
    expect((await shrinkUntil(1)).workload.length).toBe(much.length)
  })
})

test('the guilty step is looked for only where somebody wants it', async () => {
  const finding = await findingOf(much)
  expect((await shrink(much, finding, options)).guiltyStep).toBeGreaterThan(0)
  const { guiltyStep: none } = await shrink(much, finding, { ...options, findsGuiltyStep: false })
  expect(none).toBeUndefined()
})

test('a schedule that shows nothing is refused', async () => {
  const finding = { kind: '# were lost', problem: '1 were lost: 1', schedule: 'A3 B3' }
  await expect(shrink([['increment'], ['increment']], finding, { makeScenario: counting })).rejects.toThrow(
    'A3 B3 does not show that problem',
  )
})

describe('the guilty step', () => {
  test('is the one after which no schedule is right', async () => {
    // Both have read: whoever writes first is overwritten.
    const tasks: Deeds = [['increment'], ['increment']]
    expect(await guiltyStep(counting(tasks), 'A2 B3 A', new Budget(1000))).toBe(4)
  })

  test('is none where no schedule is right from the start', async () => {
    const never: Scenario = { ...counting([[1]]), make: () => ({ tasks: [], check: () => 'never' }) }
    expect(await guiltyStep(never, '', new Budget(1000))).toBeUndefined()
  })

  test('is none where the executions do not suffice to tell', async () => {
    const tasks: Deeds = [['increment'], ['increment']]
    const answers = new Set<number | undefined>()
    for (let executions = 0; executions < 60; executions++)
      answers.add(await guiltyStep(counting(tasks), 'A2 B3 A', new Budget(executions)))
    expect(answers).toEqual(new Set([undefined, 4]))
  })
})
