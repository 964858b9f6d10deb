import { describe, expect, test } from 'vitest'
import { formatTrace, replay } from './explore-replay.ts'
import type { Scenario } from './explore-scenario.ts'
import { explore } from './explore.ts'
import { deviceScenario, type ExploredParts } from './explored-device.ts'
import { ExploredImage, initialFill } from './explored-image.ts'
import type { DeviceOperation } from './explored-operations.ts'
import { pairOf } from './explored-pairs.test-support.ts'
import {
  enteringLate,
  neverLeaving,
  neverUnlocking,
  readingStale,
  releasingBeforeTheMap,
  withoutLooking,
  withoutMapLocks,
  withoutReadTracking,
} from './explored-mutants.test-support.ts'
import { pairScenarios, partsWith, sectors, sharedParts } from './lane-scenarios.ts'

const image = new ExploredImage()
const zeroedByData = new ExploredImage('data')

/** Explores until the first finding, and replays it. */
async function findProblem(scenario: Scenario): Promise<string | undefined> {
  const [finding] = (await explore(scenario)).findings
  if (finding !== undefined) expect(replay(scenario, finding.schedule).problem).toBe(finding.problem)
  return finding?.problem
}

describe.each([
  { lanes: 'mutex', makeParts: () => partsWith('mutex') },
  { lanes: 'shared', makeParts: sharedParts },
])('all schedules of two operations are right over $lanes lanes', ({ makeParts }) => {
  describe.each([
    { laneCount: 1, hints: [0, 0], lanePolicy: 'first-idle' as const },
    { laneCount: 2, hints: [0, 0], lanePolicy: 'first-idle' as const },
    { laneCount: 2, hints: [0, 1], lanePolicy: 'static' as const },
  ])('$laneCount lanes, $lanePolicy, hints $hints', (lanes) => {
    const scenarios = pairScenarios(image, { ...lanes, makeParts })

    test.each(scenarios.map((scenario) => [scenario.name, scenario] as const))('%s', async (_, scenario) => {
      const result = await explore(scenario)
      expect(result).toMatchObject({ isExhaustive: true, findings: [] })
      expect(result.executions).toBeGreaterThan(1)
    })
  })
})

const zeroing: Record<string, DeviceOperation[][]> = {
  'and a write': [[sectors('write', 3, 1, 1)], [sectors('zero', 3)]],
  'and a write of a sector that was never written': [[sectors('write', 40, 1, 1)], [sectors('zero', 40)]],
  'and a read': [[sectors('read', 3)], [sectors('zero', 3)]],
  twice: [[sectors('zero', 3)], [sectors('zero', 3)]],
}

test.each(Object.entries(zeroing))('all schedules of zeroing by data %s are right', async (name, tasks) => {
  const makeParts = (): ExploredParts => partsWith('mutex')
  const scenario = deviceScenario(zeroedByData, { name, tasks, laneCount: 2, makeParts })
  const result = await explore(scenario)
  expect(result).toMatchObject({ isExhaustive: true, findings: [] })
  expect(result.executions).toBeGreaterThan(1)
})

describe.each([
  ['as many lanes as CPUs: no lock', { laneCount: 2, cpuCount: 2, isPreemptedBeforeLock: false }],
  ['fewer lanes than CPUs: the count', { laneCount: 1, cpuCount: 2, isPreemptedBeforeLock: false }],
  ['preempted between the count and the lock', { laneCount: 1, cpuCount: 2, isPreemptedBeforeLock: true }],
])('recursion-count corrupts two tasks of one CPU, %s', (_, { laneCount, ...options }) => {
  const recursionCount = (name: string): Scenario =>
    deviceScenario(image, {
      name,
      tasks: pairOf(name),
      laneCount,
      hints: [0, 0],
      makeParts: () => partsWith('recursion-count', options),
    })

  test('two writers publish one block', async () => {
    expect(await findProblem(recursionCount('write, write far apart'))).toMatch(
      /^block \d+ is held by LBA 20 and LBA 3$/,
    )
  })

  test('a reader takes the writer’s entry for its own', async () => {
    expect(await findProblem(recursionCount('write, read'))).toMatch(
      /^block \d+ is held by LBA 3 and lane 0$/,
    )
  })

  test('a read of a sector that is zeroed is of neither content', async () => {
    expect(await findProblem(recursionCount('zero, read'))).toMatch(
      /^no order of the operations explains LBA 3/,
    )
  })
})

test('recursion-count: a reader whose entry another reader of its CPU clears gets what a third writes, step by step', async () => {
  const scenario = deviceScenario(image, {
    name: 'two readers of one CPU, a writer of another',
    tasks: [[sectors('read', 3)], [sectors('read', 20)], [sectors('write', 3, 2, 1)]],
    laneCount: 2,
    hints: [0, 0, 1],
    makeParts: () => partsWith('recursion-count', { cpuCount: 2 }),
  })
  const { findings } = await explore(scenario)
  expect(findings[0]?.problem).toMatch(/^no order of the operations explains LBA 3: 14 x 512 was read/)
  const { steps } = replay(scenario, findings[0]?.schedule ?? '')
  const trace = formatTrace(steps, (access) => image.describe(access))
  const block = /A read: in lane 0, enter block (\d+)$/m.exec(trace)?.[1]
  const order = [
    `A read: in lane 0, enter block ${block}`,
    `, leave block ${block}`,
    'C write: in lane 1, write map of LBA 3',
    `C write: in lane 1, look for readers of block ${block}`,
    `C write: in lane 1, write block ${block}`,
    `A read: in lane 0, read block ${block}`,
  ].map((line) => trace.lastIndexOf(line))
  expect(order.every((at, index) => at > (order[index - 1] ?? -1))).toBe(true)
})

describe('each mutant is found', () => {
  const find = (
    makeParts: () => ExploredParts,
    name: string,
    laneCount: number,
  ): Promise<string | undefined> =>
    findProblem(deviceScenario(image, { name, tasks: pairOf(name), laneCount, makeParts }))

  test.each([
    ['a read tracking that tracks nothing', withoutReadTracking],
    ['a reader that enters after its second look at the map', enteringLate],
    ['a writer that does not look for readers', withoutLooking],
  ])('%s: another sector’s content is read', async (_, makeParts) => {
    expect(await find(makeParts, 'write of two sectors, read of the first', 2)).toMatch(
      /^no order of the operations explains LBA 3: 14 x 512 was read/,
    )
  })

  test.each([
    [
      'a reader that stays in the read tracking',
      neverLeaving,
      sectors('read', 3),
      'a block is in the read tracking',
    ],
    ['a writer that keeps its map lock', neverUnlocking, sectors('write', 3), 'map lock 0 is held'],
  ])('%s, which nobody waits for', async (_, makeParts, operation, problem) => {
    const scenario = deviceScenario(image, { name: 'alone', tasks: [[operation]], laneCount: 1, makeParts })
    expect(await findProblem(scenario)).toBe(`${problem} after the last operation`)
  })

  test('storage that gives a task the content from before its own write', async () => {
    const tasks = [[sectors('write', 3, 1, 1), sectors('read', 3)]]
    const makeParts = (): ExploredParts => readingStale(initialFill(3))
    expect(
      await findProblem(deviceScenario(image, { name: 'write + read', tasks, laneCount: 1, makeParts })),
    ).toMatch(/^no order of the operations explains LBA 3: 83 x 512 was read/)
  })

  test('map locks that lock nothing: one block is free twice', async () => {
    expect(await find(withoutMapLocks, 'write, write of one LBA', 2)).toMatch(
      /^block \d+ is free for lane 1 and lane 0$/,
    )
    expect(await find(withoutMapLocks, 'write, zero', 2)).toMatch(/^block \d+ is held by LBA 3 and lane \d$/)
  })

  test.each([1, 2])(
    'a lane that is released before the map is stored, of %d: two sectors on one block',
    async (lanes) => {
      expect(await find(releasingBeforeTheMap, 'write, write far apart', lanes)).toMatch(
        /^block \d+ is held by LBA 20 and LBA 3$/,
      )
    },
  )
})
