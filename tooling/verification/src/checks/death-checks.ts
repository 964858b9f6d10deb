/** Threads that share a device, and die at each step of their operations and of the recovery of others. */
import {
  ExploredImage,
  deathScenario,
  exploreDeaths,
  mortalParts,
  sectors,
  shrink,
  type DeathProgram,
  type DeviceOperation,
  type Dying,
  type ExploredParts,
} from '@bttkit/checker-lanes'
import type { Subject } from '../subject.ts'
import { runAll, type Check, type Verdict } from './check.ts'

const LBA = 3
/** The last one of its map line. */
const LAST_OF_LINE = 15

const write = (fill: number): DeviceOperation[] => [sectors('write', LBA, 1, fill)]
const READ: DeviceOperation[] = [sectors('read', LBA)]

export interface DyingProgram extends Omit<DeathProgram, 'deaths'> {
  readonly dying: readonly Dying[]
}

const PROGRAMS: readonly DyingProgram[] = [
  {
    name: 'a writer dies, another waits for its lane',
    tasks: [write(1), write(2)],
    laneCount: 1,
    dying: [{ task: 0 }],
  },
  {
    name: 'a writer dies, another waits for its map lock',
    tasks: [write(1), write(2)],
    laneCount: 2,
    dying: [{ task: 0 }],
  },
  {
    name: 'a writer of two sectors dies, in two lanes and with two map locks, and another waits for one of them',
    tasks: [[sectors('write', LAST_OF_LINE, 2, 1)], [sectors('write', LAST_OF_LINE + 1, 1, 2)]],
    laneCount: 2,
    dying: [{ task: 0 }],
  },
  { name: 'a reader dies, a writer waits', tasks: [READ, write(1)], laneCount: 2, dying: [{ task: 0 }] },
  {
    name: 'a writer of a part dies, and one of two that come in the recovery',
    tasks: [[{ ...sectors('write', LBA, 1, 1), length: 100 }]],
    newcomers: 2,
    laneCount: 1,
    dying: [{ task: 0 }, { task: 1, inRecovery: true }],
  },
]

export async function deathVerdictOn(
  image: ExploredImage,
  { dying, ...program }: DyingProgram,
  { makeParts }: Subject,
): Promise<Verdict> {
  const parts = (): ExploredParts => ({
    ...mortalParts(),
    storage: (memory) => makeParts().storage?.(memory) ?? memory,
  })
  const found = await exploreDeaths(image, program, dying, { makeParts: parts })
  const runs = found.executions + found.pruned
  const { finding, isExhaustive: isComplete } = found
  const verdict = { problem: finding?.problem, runs, states: BigInt(runs), isComplete }
  if (finding === undefined) return verdict
  const startMs = performance.now()
  const makeScenario = (smaller: DeathProgram) => deathScenario(image, smaller, { makeParts: parts })
  const { schedule, steps } = await shrink(finding.program, finding, { makeScenario, maxExecutions: 1000 })
  return {
    ...verdict,
    problem: `${program.name}: ${finding.problem}`,
    replay: { program: finding.program, schedule },
    steps,
    shrinkingMs: performance.now() - startMs,
  }
}

export const DEATHS: Check = {
  name: 'a thread dies at each step',
  checker: 'schedules',
  run: (subject) => {
    const image = new ExploredImage()
    return runAll(PROGRAMS.map((program) => () => deathVerdictOn(image, program, subject)))
  },
}
