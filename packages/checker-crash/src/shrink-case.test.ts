import { describe, expect, test } from 'vitest'
import { ExploredImage, engineWithLanes } from '@bttkit/checker-lanes'
import { crashTrace, formatCrashDiagram } from './case-pictures.ts'
import { checkOverlapping } from './check-overlapping.ts'
import { smallImage, withoutFlushOf } from './crash-check.test-support.ts'
import {
  overlappingOptions,
  smallerCrashPrograms,
  type CrashProgram,
  type CrashSetting,
} from './crash-program.ts'
import { replayCase, type CrashCase } from './replay-case.ts'
import { shrinkCase } from './shrink-case.ts'

const { memory, namespaceOffset } = new ExploredImage()
/** As `btt explore` has it. */
const setting: CrashSetting = {
  image: memory.bytes,
  makeEngine: (lanes) => engineWithLanes(lanes, { namespaceOffset }),
  limit: 20,
}

async function smallest(program: CrashProgram, on: CrashSetting): Promise<CrashCase> {
  const { violation } = await checkOverlapping(overlappingOptions(program, on))
  if (violation === undefined) throw new Error('nothing was found')
  return shrinkCase(program, violation, on)
}

const recursionCount: CrashProgram = {
  model: 'buffered',
  lanes: { table: 'recursion-count', laneCount: 2 },
  tasks: [
    [
      { kind: 'write', lba: 3, count: 2, value: 1 },
      { kind: 'read', lba: 3, count: 1 },
    ],
    [{ kind: 'write', lba: 20, count: 1, value: 2 }],
  ],
}

describe('two tasks in one lane', () => {
  test('are reduced to one operation each, and to the first moment and the fewest stores that show it', async () => {
    const found = await smallest(recursionCount, setting)
    expect(found.program.tasks.map((operations) => operations.length)).toEqual([1, 1])
    expect(found.program.lanes.laneCount).toBe(1)
    const { problem, steps, stores } = replayCase(found, setting)
    expect(problem).toBe(found.problem)
    expect(steps.length).toBeLessThanOrEqual(12)
    expect(stores.filter(({ fate }) => fate !== 'lost').length).toBeLessThanOrEqual(1)
  })

  test('of which nobody waits for the result are reported as they are', async () => {
    const { violation } = await checkOverlapping(overlappingOptions(recursionCount, setting))
    if (violation === undefined) throw new Error('nothing was found')
    const found = await shrinkCase(recursionCount, violation, setting, { signal: AbortSignal.abort() })
    expect(found.program).toEqual(recursionCount)
    expect(replayCase(found, setting).problem).toBe(found.problem)
  })
})

describe('data that is not flushed', () => {
  const image = smallImage(512)
  const wrong: CrashSetting = { image, makeEngine: () => withoutFlushOf('data'), limit: 20 }
  const program: CrashProgram = {
    model: 'buffered',
    lanes: { table: 'mutex', laneCount: 1 },
    tasks: [[{ kind: 'write', lba: 33, count: 2, value: 1 }], [{ kind: 'zero', lba: 30, count: 1 }]],
  }

  test('is the one thing that is lost, and what makes it matter has survived', async () => {
    const found = await smallest(program, wrong)
    expect(found.program.tasks).toEqual([[{ kind: 'write', lba: 33, count: 1, value: 1 }]])
    const { stores } = replayCase(found, wrong)
    const named = stores.map(({ stage, lane, lbas, fate }) => `${fate}: ${stage} ${lane} ${String(lbas)}`)
    expect(named).toContain('lost: data 0 33')
    expect(named.filter((name) => name.startsWith('survived')).length).toBeGreaterThan(0)
  })

  test('is seen in the diagram and in the trace: the last row is the power failure', async () => {
    const replayed = replayCase(await smallest(program, wrong), wrong)
    const lines = formatCrashDiagram(replayed).split('\n')
    const last = lines.findIndex((line) => line.startsWith('>'))
    expect(lines[last]).toMatch(/│ the power fails$/)
    expect(lines[last + 1]).not.toContain('data, lane 0, LBA 33 (step 1)')
    expect(lines[last + 2]).toMatch(/^in flight, and lost: .*data, lane 0, LBA 33 \(step 1\)/)
    const events: { name: string; ph: string; args: { lost?: string[] } }[] = JSON.parse(crashTrace(replayed))
    expect(events.at(-1)).toMatchObject({ name: 'the power fails', ph: 'i' })
    expect(events.at(-1)?.args.lost).toContain('data, lane 0, LBA 33 (step 1)')
    expect(events.filter(({ ph }) => ph === 'X').length).toBe(2 * replayed.steps.length)
  })
})

test('what a task does after the power failure, in the same step, is not shown', () => {
  const program: CrashProgram = {
    model: 'strict',
    lanes: { table: 'mutex', laneCount: 1 },
    tasks: [
      [
        { kind: 'zero', lba: 3, count: 1 },
        { kind: 'zero', lba: 20, count: 1 },
      ],
    ],
  }
  // At the end of the first operation; the second one reads the map at once.
  const failed = { program, schedule: 'A3', powerFailure: { point: 1, choices: [] } }
  const { steps } = replayCase(failed, setting)
  expect(steps.map(({ calls, ends }) => [...calls.map(({ kind }) => kind), ends])).toEqual([
    ['read', false],
    ['write', false],
    [true],
  ])
})

test('an operation beyond the device is refused', () => {
  const tasks = [[{ kind: 'write', lba: 40_000, count: 1, value: 1 } as const]]
  expect(() => replayCase({ program: { ...recursionCount, tasks }, schedule: 'A' }, setting)).toThrow('40000')
})

test.each([
  ['a moment that does not come', { schedule: 'A3', powerFailure: { point: 9, choices: [] } }],
  ['a task that cannot go on', { schedule: 'A3 C', powerFailure: { point: 0, choices: [] } }],
  [
    'a unit of which nothing was in flight',
    { schedule: 'A3', powerFailure: { point: 0, choices: [{ unit: 77, version: 1 }] } },
  ],
])('%s does not fit', (_, rest) => {
  expect(() => replayCase({ program: recursionCount, ...rest }, setting)).toThrow(
    /does not fit|no moment|nothing of unit/,
  )
})

test('programs get smaller by a task, an operation, a part or a kind of one, or a lane', () => {
  const smaller = [...smallerCrashPrograms(recursionCount)]
  expect(smaller.map(({ tasks }) => tasks.length)).toEqual([1, 1, 2, 2, 2, 2, 2, 2, 2])
  expect(smaller[3]?.tasks[0]?.[0]).toEqual({ kind: 'write', lba: 3, count: 1, value: 1 })
  expect(smaller[4]?.tasks[0]?.[0]).toEqual({ kind: 'write', lba: 4, count: 1, value: 1 })
  expect(smaller[5]?.tasks[0]?.[0]).toEqual({ kind: 'zero', lba: 3, count: 2 })
  expect(smaller.at(-1)?.lanes.laneCount).toBe(1)
})
