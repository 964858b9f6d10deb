import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Sleepable, Wait } from '@bttkit/interfaces'
import { classesOf, everyClass } from './explore-classes.test-support.ts'
import { lockScenario, type LockStep } from './explore-locks.test-support.ts'
import { ReducedSchedules } from './explore-reduced.ts'
import type { Scenario } from './explore-scenario.ts'
import { lastZero, wordScenario, type WordAccess } from './explore-toy.test-support.ts'
import { explore } from './explore.ts'

const write = (word: number): WordAccess => ({ kind: 'write', word })
const read = (word: number): WordAccess => ({ kind: 'read', word })
const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index))

describe('programs whose classes are known are run once a class, and nothing is broken off', () => {
  test.each([
    [
      'eight tasks of three steps each on words of their own',
      times(8, (own) => times(3, () => write(own))),
      1,
    ],
    ['six readers of one word', times(6, () => [read(0)]), 1],
    [
      'a writer among eight readers: each before or after, 2^8',
      [[write(0)], ...times(8, () => [read(0)])],
      256,
    ],
    ['four writers of one word: 4!', times(4, () => [write(0)]), 24],
    ['four writes each to one word: 8 over 4', times(2, () => times(4, () => write(0))), 70],
    [
      'steps on words of their own before and after those on a common one: 4 over 2',
      times(2, (task) => [write(task + 1), write(0), write(0), write(task + 1)]),
      6,
    ],
    ['two pairs that have nothing to do with each other: 2! * 2!', times(4, (task) => [write(task % 2)]), 4],
    [
      'each reads what the other writes, then writes: 3',
      [
        [read(0), write(1)],
        [read(1), write(0)],
      ],
      3,
    ],
  ])('%s', async (_, tasks, classes) => {
    const result = await explore(wordScenario(tasks))
    expect(result).toMatchObject({ isExhaustive: true, executions: classes, pruned: 0 })
  })

  // Table 1 of "Optimal dynamic partial order reduction", 2014: 64 classes, for which the first DPOR took 241 executions.
  test('the last zero of five: 64 classes, and fewer executions than the first DPOR is said to take', async () => {
    const { executions, pruned, isExhaustive } = await explore(lastZero(5))
    expect([isExhaustive, executions]).toEqual([true, 64])
    expect(executions + pruned).toBeLessThan(241)
  })
})

const index = fc.nat(1)
const wordStep = fc.record({ kind: fc.constantFrom('read' as const, 'write' as const), word: index })
const flagStep = fc.record({
  kind: fc.constantFrom('await' as const, 'raise' as const, 'lower' as const),
  flag: index,
})
/** Takes a lock, perhaps does something, and gives it back, or does not. */
const section = fc
  .record({ lock: index, inner: fc.option(wordStep, { nil: undefined }), isKept: fc.boolean() })
  .map(({ lock, inner, isKept }): LockStep[] => [
    { kind: 'acquire', lock },
    ...(inner === undefined ? [] : [inner]),
    ...(isKept ? [] : [{ kind: 'release' as const, lock }]),
  ])
/** The second lock is taken while the first is held. */
const twoSections = fc.boolean().map((isForward): LockStep[] => {
  const [first, second] = isForward ? [0, 1] : [1, 0]
  return [
    { kind: 'acquire', lock: first },
    { kind: 'acquire', lock: second },
    { kind: 'release', lock: second },
    { kind: 'release', lock: first },
  ]
})
const block = fc.oneof(
  wordStep.map((step): LockStep[] => [step]),
  flagStep.map((step): LockStep[] => [step]),
  section,
  twoSections,
)
const sized = (most: number) =>
  fc.array(block, { maxLength: most }).map((blocks) => blocks.flat().slice(0, 5))
const programs = fc.oneof(
  fc.tuple(sized(3), sized(3)),
  fc.tuple(sized(1), sized(1), sized(1)),
  fc.tuple(sized(2), sized(1), sized(1)),
)

/** Every schedule of them is run, one after the other. */
const isSmall = (tasks: readonly (readonly LockStep[])[]): boolean =>
  tasks.reduce((sum, steps) => sum + steps.length + 1, 0) <= 10

test('every class of schedules is run, and once: with locks, flags that go up and down, and deadlocks', () => {
  let deadlocks = 0
  fc.assert(
    fc.property(programs.filter(isSmall), (tasks) => {
      const scenario = lockScenario(tasks)
      const { classes } = classesOf(scenario, new ReducedSchedules())
      const all = everyClass(scenario)
      expect(classes.toSorted()).toEqual([...all].toSorted())
      if (classes.some((name) => name.includes('deadlock'))) deadlocks++
    }),
    { numRuns: 150 },
  )
  expect(deadlocks).toBeGreaterThan(0)
})

// The last step of the first task depends on the third task's only where the second does not have lock 1 yet.
test('a step that touches less when it comes later hides no class', () => {
  const scenario = lockScenario([
    [
      { kind: 'acquire', lock: 0 },
      { kind: 'acquire', lock: 1 },
      { kind: 'release', lock: 1 },
      { kind: 'release', lock: 0 },
    ],
    [{ kind: 'acquire', lock: 1 }],
    [
      { kind: 'acquire', lock: 0 },
      { kind: 'release', lock: 0 },
    ],
  ])
  const { classes } = classesOf(scenario, new ReducedSchedules())
  expect(classes.toSorted()).toEqual([...everyClass(scenario)].toSorted())
  expect(classes).toHaveLength(5)
})

/** Tasks that tell nobody what they share: one waits for a flag that another one raises and lowers. */
const silentFlag: Scenario = {
  name: 'silent flag',
  make: () => {
    let isUp = false
    const wait = (ready: () => boolean): Wait => Object.assign(new Promise<void>(() => {}), { ready })
    const waiting = function* (): Sleepable<void> {
      yield wait(() => isUp)
    }
    const waving = function* (): Sleepable<void> {
      yield wait(() => true)
      isUp = true
      yield wait(() => true)
      isUp = false
    }
    return {
      tasks: [
        { name: 'waiting', operation: waiting() },
        { name: 'waving', operation: waving() },
      ],
      check: () => undefined,
    }
  },
}

test('a step that lets another task go on, or stops it, depends on it though it tells of nothing', async () => {
  const result = await explore(silentFlag, { maxFindings: Infinity })
  expect(result).toMatchObject({ isExhaustive: true, executions: 2 })
  expect(result.findings.map(({ problem }) => problem)).toEqual(['deadlock: waiting'])
})

test('three sections under one lock: 36 classes, by who comes before or after whom has left', async () => {
  const tasks = times(3, (): LockStep[] => [
    { kind: 'acquire', lock: 0 },
    { kind: 'write', word: 0 },
    { kind: 'release', lock: 0 },
  ])
  const scenario = lockScenario(tasks)
  // 3! orders of the sections; the second comes before or after the first has left, and so does the third, or before the second has.
  expect(everyClass(scenario).size).toBe(36)
  expect(await explore(scenario)).toMatchObject({ isExhaustive: true, executions: 36 })
})
