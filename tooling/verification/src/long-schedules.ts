/** Programs of which all schedules are run, or all with few preemptions: the long run over the engine as it is. */
import {
  ExploredImage,
  deviceScenario,
  explore,
  partsWith,
  sectors,
  sharedParts,
  type DeviceOperation,
  type ExploredParts,
  type Scenario,
} from '@bttkit/checker-lanes'
import { choices } from './choices.ts'
import { BATCH_PROGRAMS } from './checks/batch-checks.ts'

const LBA = 3
const FAR = 20
const SECTOR_BYTES = 512

/** By name, with the number that its write shall fill with. */
const OPERATIONS: Readonly<Record<string, (fill: number) => DeviceOperation>> = {
  write: (fill) => sectors('write', LBA, 1, fill),
  'write two': (fill) => sectors('write', LBA, 2, fill),
  'write a half': (fill) => ({ ...sectors('write', LBA, 1, fill), length: SECTOR_BYTES / 2 }),
  zero: () => sectors('zero', LBA),
  read: () => sectors('read', LBA),
  'write elsewhere': (fill) => sectors('write', FAR, 1, fill),
}

interface Lanes {
  readonly name: string
  readonly laneCount: number
  makeParts(): ExploredParts
}

const TABLES = [
  { name: 'mutex', makeParts: () => partsWith('mutex') },
  { name: 'shared', makeParts: sharedParts },
]

const LANES: readonly Lanes[] = [
  { name: 'mutex, 1 lane', laneCount: 1, makeParts: () => partsWith('mutex') },
  { name: 'mutex, 2 lanes', laneCount: 2, makeParts: () => partsWith('mutex') },
  { name: 'shared, 2 lanes', laneCount: 2, makeParts: sharedParts },
]

function operationsOf(names: readonly string[]): DeviceOperation[] {
  return names.flatMap((name, index) => OPERATIONS[name]?.(index + 1) ?? [])
}

interface LongProgram {
  readonly scenario: Scenario
  /** Absent: all schedules. */
  readonly maxPreemptions?: number
}

/** In the order of their worth: batches, then all schedules of few operations, then those with few preemptions of more. */
function* programs(image: ExploredImage): Generator<LongProgram> {
  const names = Object.keys(OPERATIONS)
  const scenario = (lanes: Lanes, what: string, tasks: DeviceOperation[][]): Scenario =>
    deviceScenario(image, { ...lanes, name: `${lanes.name}: ${what}`, tasks })
  for (const { name, makeParts } of TABLES)
    for (const { name: what, laneCount, tasks } of BATCH_PROGRAMS)
      yield {
        scenario: deviceScenario(image, { name: `${name}: ${what}`, laneCount, tasks, makeParts }),
        maxPreemptions: 3,
      }
  for (const lanes of LANES) {
    for (const pair of choices(names, 2))
      yield {
        scenario: scenario(
          lanes,
          pair.join(' | '),
          operationsOf(pair).map((one) => [one]),
        ),
      }
    for (const four of choices(names, 4)) {
      const [a, b, c, d] = operationsOf(four)
      if (a === undefined || b === undefined || c === undefined || d === undefined) continue
      const tasks = [
        [a, c],
        [b, d],
      ]
      yield { scenario: scenario(lanes, `${four[0]}, ${four[2]} | ${four[1]}, ${four[3]}`, tasks) }
    }
    for (const three of choices(names, 3))
      yield {
        scenario: scenario(
          lanes,
          three.join(' | '),
          operationsOf(three).map((one) => [one]),
        ),
      }
  }
  for (const lanes of LANES)
    for (const three of choices(names, 3))
      yield {
        scenario: scenario(
          lanes,
          `${three.join(' | ')}, 2 preemptions`,
          operationsOf(three).map((one) => [one]),
        ),
        maxPreemptions: 2,
      }
}

export interface ProgramReport {
  readonly name: string
  /** Schedules that were run to their end, or until what followed was known. */
  readonly schedules: number
  readonly steps: number
  /** Whether every schedule was covered, within the preemptions. */
  readonly isExhaustive: boolean
  readonly problem?: string | undefined
  /** Of the problem. */
  readonly schedule?: string | undefined
}

/** Runs all programs of which all schedules are run; and of the others as many as it takes for a number of schedules. */
export async function* longSchedules(fewest: number): AsyncGenerator<ProgramReport> {
  const image = new ExploredImage()
  let schedules = 0
  for (const { scenario, maxPreemptions } of programs(image)) {
    if (maxPreemptions !== undefined && schedules >= fewest) return
    const { executions, pruned, steps, isExhaustive, findings } = await explore(scenario, { maxPreemptions })
    schedules += executions + pruned
    const [finding] = findings
    yield {
      name: scenario.name,
      schedules: executions + pruned,
      steps,
      isExhaustive,
      problem: finding?.problem,
      schedule: finding?.schedule,
    }
  }
}
