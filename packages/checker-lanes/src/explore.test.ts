import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { InvariantError, type Sleepable } from '@bttkit/interfaces'
import { MutexLocks } from '@bttkit/region-lanes'
import { preemptionPoint } from '@bttkit/sleepable'
import type { Scenario, StepRecorder } from './explore-scenario.ts'
import { everyState, lastZero, wordScenario, type WordAccess } from './explore-toy.test-support.ts'
import { explore } from './explore.ts'
import { replay } from './explore-replay.ts'

const writes = (count: number, word: number): WordAccess[] =>
  Array.from({ length: count }, () => ({ kind: 'write', word }))
const reads = (count: number, word: number): WordAccess[] =>
  Array.from({ length: count }, () => ({ kind: 'read', word }))

describe('the number of complete executions is that of the classes of schedules', () => {
  test.each([
    ['two tasks on words of their own', [writes(3, 0), writes(3, 1)], 1],
    ['two readers of one word', [reads(3, 0), reads(3, 0)], 1],
    ['two writes each to one word: 4 over 2', [writes(2, 0), writes(2, 0)], 6],
    ['five writes each to one word: 10 over 5', [writes(5, 0), writes(5, 0)], 252],
    ['a reader among three writes: before, between or after', [writes(3, 0), reads(1, 0)], 4],
    ['three tasks of one write each: 3!', [writes(1, 0), writes(1, 0), writes(1, 0)], 6],
    ['a task without steps', [[], writes(2, 0)], 1],
  ])('%s', async (_, tasks, classes) => {
    const result = await explore(wordScenario(tasks))
    expect(result).toMatchObject({ isExhaustive: true, executions: classes, findings: [] })
  })
})

const access = fc.record({ kind: fc.constantFrom('read' as const, 'write' as const), word: fc.nat(2) })
const programs = fc.array(fc.array(access, { maxLength: 4 }), { minLength: 1, maxLength: 3 })

test('every final state is reached, each by one execution', async () => {
  await fc.assert(
    fc.asyncProperty(programs, async (tasks) => {
      const reached: string[] = []
      const result = await explore(wordScenario(tasks, (state) => reached.push(state)))
      expect(new Set(reached)).toEqual(everyState(tasks))
      expect(reached).toHaveLength(result.executions)
      expect(new Set(reached).size).toBe(reached.length)
    }),
    { numRuns: 60 },
  )
})

test('without a limit of preemptions every schedule is run, and none is left out', async () => {
  // Each task has a step before its first point, and one for each access: 6 over 3.
  const result = await explore(wordScenario([writes(2, 0), writes(2, 1)]), { maxPreemptions: Infinity })
  expect(result).toMatchObject({ isExhaustive: true, executions: 20, pruned: 0 })
})

test.each([
  [0, 2],
  [1, 6],
])(
  'with at most %d preemptions there are %d schedules of two tasks of three steps',
  async (bound, schedules) => {
    const result = await explore(wordScenario([writes(2, 0), writes(2, 0)]), { maxPreemptions: bound })
    expect(result).toMatchObject({ isExhaustive: true, executions: schedules })
  },
)

const at = (word: number, kind: 'read' | 'write') =>
  preemptionPoint({ object: 'provider', kind, start: word, end: word + 1 })

/** Two tasks add one to a counter each, by a read and a write. */
const lostUpdate: Scenario = {
  name: 'lost update',
  make: () => {
    let counter = 0
    const increment = function* (): Sleepable<void> {
      yield at(0, 'read')
      const seen = counter
      yield at(0, 'write')
      counter = seen + 1
    }
    return {
      tasks: ['one', 'other'].map((name) => ({ name, operation: increment() })),
      check: () => (counter === 2 ? undefined : `the counter is ${counter}`),
    }
  },
}

test('a lost update is found, and its schedule leads there again', async () => {
  const { findings, isExhaustive } = await explore(lostUpdate)
  expect(isExhaustive).toBe(false)
  expect(findings.map(({ problem }) => problem)).toEqual(['the counter is 1'])
  expect(replay(lostUpdate, findings[0]?.schedule ?? '').problem).toBe('the counter is 1')
})

test('all findings, where they are asked for: two of four classes lose an update', async () => {
  const { findings, isExhaustive, executions } = await explore(lostUpdate, { maxFindings: Infinity })
  expect(isExhaustive).toBe(true)
  // One after the other, either way; or both reads first, and then either write.
  expect([executions, findings.length]).toEqual([4, 2])
})

/** Takes two locks one after the other. Nothing but the waits of the locks is a scheduling point where `points` is false. */
function* holdingBoth(
  recorder: StepRecorder,
  locks: MutexLocks,
  first: number,
  second: number,
): Sleepable<void> {
  for (const lock of [first, second]) {
    yield preemptionPoint({ object: 'map-lock', kind: 'acquire', start: lock, end: lock + 1 })
    yield* locks.acquire(lock)
  }
  for (const lock of [second, first]) {
    recorder.touch({ object: 'map-lock', kind: 'release', start: lock, end: lock + 1 })
    locks.release(lock)
  }
}

function twoLocks(name: string, orders: readonly [number, number][]): Scenario {
  return {
    name,
    make: (recorder) => {
      const locks = new MutexLocks(new Int32Array(2), 'map-lock')
      const operations = orders.map(([first, second]) => holdingBoth(recorder, locks, first, second))
      return {
        tasks: operations.map((operation, task) => ({ name: `task ${task}`, operation })),
        check: () => (locks.heldCount() === 0 ? undefined : 'a lock is held'),
      }
    },
  }
}

test('locks taken in opposite orders: the deadlock is found', async () => {
  const scenario = twoLocks('opposite', [
    [0, 1],
    [1, 0],
  ])
  const { findings } = await explore(scenario)
  expect(findings.map(({ problem }) => problem)).toEqual([
    'deadlock: task 0 waits for map-lock 1, task 1 waits for map-lock 0',
  ])
  expect(replay(scenario, findings[0]?.schedule ?? '').problem).toMatch(/^deadlock/)
})

test('locks taken in one order: there is none', async () => {
  const scenario = twoLocks('same', [
    [0, 1],
    [0, 1],
  ])
  expect(await explore(scenario)).toMatchObject({ isExhaustive: true, findings: [] })
})

test('an operation that throws is a finding', async () => {
  const scenario: Scenario = {
    name: 'throws',
    make: () => ({
      tasks: [
        {
          name: 'thrower',
          operation: (function* () {
            yield at(0, 'read')
            throw new RangeError('too far')
          })(),
        },
      ],
      check: () => undefined,
    }),
  }
  const { findings } = await explore(scenario)
  expect(findings).toEqual([
    { kind: 'failed: RangeError', problem: 'thrower failed: RangeError: too far', schedule: 'A2' },
  ])
})

test('what fails does not hide the schedules of the others', async () => {
  const throwing = function* (): Sleepable<void> {
    yield at(1, 'read')
    throw new RangeError('too far')
  }
  const writing = function* (): Sleepable<void> {
    yield at(0, 'write')
  }
  const scenario: Scenario = {
    name: 'throws',
    make: () => ({
      tasks: [throwing(), writing(), writing()].map((operation) => ({ name: 'task', operation })),
      check: () => undefined,
    }),
  }
  const { isExhaustive, executions, findings } = await explore(scenario, { maxFindings: Infinity })
  // The two that write, in either order.
  expect([isExhaustive, executions]).toEqual([true, 2])
  expect(findings.map(({ kind }) => kind)).toEqual(['failed: RangeError', 'failed: RangeError'])
})

test('an operation that never ends is a finding', async () => {
  const scenario: Scenario = {
    name: 'endless',
    make: () => ({
      tasks: [
        {
          name: 'spinner',
          operation: (function* (): Sleepable<void> {
            for (;;) yield at(0, 'read')
          })(),
        },
      ],
      check: () => undefined,
    }),
  }
  const { findings, isExhaustive } = await explore(scenario, { maxStepsPerExecution: 50, maxFindings: 2 })
  expect(isExhaustive).toBe(false)
  expect(findings).toEqual([{ kind: 'endless', problem: 'no end within 50 steps', schedule: 'A50' }])
})

test('an execution that ends with its last allowed step is no finding', async () => {
  const result = await explore(wordScenario([writes(4, 0)]), { maxStepsPerExecution: 5 })
  expect(result).toMatchObject({ isExhaustive: true, steps: 5, findings: [] })
})

test('a wait that only the event loop can end is a mistake of the scenario, and no deadlock', async () => {
  const scenario: Scenario = {
    name: 'sleepy',
    make: () => ({
      tasks: [
        {
          name: 'sleeper',
          operation: (function* (): Sleepable<void> {
            yield Promise.resolve()
          })(),
        },
      ],
      check: () => undefined,
    }),
  }
  await expect(explore(scenario)).rejects.toThrow(InvariantError)
  await expect(explore(scenario)).rejects.toThrow(/sleeper.*event loop/)
})

test('more tasks than a schedule can name are refused', async () => {
  const tasks = (count: number): WordAccess[][] => Array.from({ length: count }, () => [])
  await expect(explore(wordScenario(tasks(27)))).rejects.toThrow(RangeError)
  expect(await explore(wordScenario(tasks(26)), { maxExecutions: 1 })).toMatchObject({ executions: 1 })
})

describe('bounds', () => {
  const many = wordScenario([writes(5, 0), writes(5, 0)])

  test('of executions', async () => {
    const result = await explore(many, { maxExecutions: 10 })
    expect(result.isExhaustive).toBe(false)
    expect(result.executions + result.pruned).toBe(10)
  })

  test('of steps: it stops after the execution that goes beyond', async () => {
    const result = await explore(many, { maxSteps: 30 })
    expect(result).toMatchObject({ isExhaustive: false, executions: 3, steps: 36 })
  })

  test('of the caller: an aborted exploration says that it is not exhaustive', async () => {
    const result = await explore(many, { signal: AbortSignal.abort() })
    expect(result).toMatchObject({ isExhaustive: false, executions: 0 })
  })
})

test('every execution is disposed of, also one that is pruned', async () => {
  let open = 0
  let made = 0
  const words = lastZero(5)
  const scenario: Scenario = {
    name: 'counted',
    make: (recorder) => {
      open++
      made++
      return { ...words.make(recorder), dispose: () => void open-- }
    },
  }
  const { executions, pruned } = await explore(scenario)
  expect(pruned).toBeGreaterThan(0)
  expect([open, made]).toEqual([0, executions + pruned])
})

test('a scenario that behaves differently under one schedule is reported', async () => {
  let runs = 0
  const scenario: Scenario = {
    name: 'moody',
    make: (recorder) => {
      const isOdd = runs++ % 2 === 1
      const operation = function* (): Sleepable<void> {
        yield at(0, 'write')
        recorder.touch({ object: 'mood', kind: 'write', start: isOdd ? 1 : 0, end: 2 })
        yield at(0, 'write')
      }
      return {
        tasks: ['a', 'b'].map((name) => ({ name, operation: operation() })),
        check: () => undefined,
      }
    },
  }
  await expect(explore(scenario)).rejects.toThrow(/^moody behaves differently under the same schedule/)
})
