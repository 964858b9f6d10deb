/** Operations that overlap, and power failures at each moment of each schedule with few preemptions: for bugs that show in no schedule without a power failure, and in none of operations in turn. */
import {
  checkOverlapping,
  overlappingOptions,
  replayCase,
  shrinkCase,
  type CrashProgram,
  type CrashSetting,
} from '@bttkit/checker-crash'
import type { Engine } from '@bttkit/interfaces'
import type { Subject } from '../subject.ts'
import { runAll, type Check, type Verdict } from './check.ts'
import { smallImage } from './images.ts'

/** Classes for each moment. An engine without bugs has fewer. */
const LIMIT = 300
/** That of the image. */
const LANE_COUNT = 2

type Tasks = CrashProgram['tasks']

/** LBAs from 33 to 36 are in one line of the map. */
const PROGRAMS: Readonly<Record<string, Tasks>> = {
  'two writes of one sector': [
    [{ kind: 'write', lba: 33, count: 1, value: 1 }],
    [{ kind: 'write', lba: 33, count: 1, value: 2 }],
  ],
  'two zeroings of one line': [[{ kind: 'zero', lba: 33, count: 2 }], [{ kind: 'zero', lba: 35, count: 2 }]],
  'a write, a read, and a zeroing': [
    [
      { kind: 'write', lba: 33, count: 1, value: 1 },
      { kind: 'read', lba: 33, count: 2 },
    ],
    [{ kind: 'zero', lba: 33, count: 2 }],
  ],
  'a write of a part, and a read': [
    [{ kind: 'write-bytes', offset: 33 * 512 + 100, length: 50, value: 1 }],
    [{ kind: 'read', lba: 33, count: 1 }],
  ],
}

function withLaneCount(engine: Engine, laneCount: number): Engine {
  return {
    attach: (provider, options) => engine.attach(provider, { ...options, laneCount }),
    create: (provider, options) => engine.create(provider, options),
    join: (provider, share) => engine.join(provider, share),
  }
}

/** Runs a program under all schedules with at most two preemptions, and makes small what goes wrong. */
async function verdictOn(name: string, program: CrashProgram, setting: CrashSetting): Promise<Verdict> {
  const { violation, recovery, ...found } = await checkOverlapping(overlappingOptions(program, setting))
  const verdict = {
    problem: undefined,
    runs: found.classes + recovery.classes,
    states: found.states + recovery.states,
    isComplete: found.isExhaustive,
  }
  if (violation === undefined) return verdict
  const startMs = performance.now()
  const replay = await shrinkCase(program, violation, setting)
  const { steps } = replayCase(replay, setting)
  return {
    ...verdict,
    problem: `${name}, ${program.model}: ${violation.problem}`,
    replay,
    steps: steps.length,
    shrinkingMs: performance.now() - startMs,
  }
}

function verdictsOn({ engine }: Subject, name: string, tasks: Tasks): Promise<Verdict> {
  const makeEngine: CrashSetting['makeEngine'] = ({ laneCount }) => withLaneCount(engine, laneCount)
  const setting = { image: smallImage(engine), makeEngine, duringRecovery: true, limit: LIMIT }
  const lanes = { table: 'of the subject', laneCount: LANE_COUNT }
  return runAll(
    (['px86', 'buffered'] as const).map((model) => () => verdictOn(name, { model, lanes, tasks }, setting)),
  )
}

export const OVERLAPPING: Check = {
  name: 'power failures under operations that overlap',
  checker: 'crashes',
  run: (subject) =>
    runAll(
      Object.entries(PROGRAMS).map(
        ([name, tasks]) =>
          () =>
            verdictsOn(subject, name, tasks),
      ),
    ),
}
