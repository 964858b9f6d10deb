/**
 * A thread that times one lane table, with the floor beside it. Each table has a thread of its own, so that the compiler knows one table only, as
 * it does in a program with one device.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { answerWith } from './bench-thread.ts'
import {
  LANE_FORMS,
  floorLoop,
  laneLoops,
  sumOfLanes,
  type LaneForm,
  type LaneLoop,
  type LaneSubject,
} from './lane-loops.ts'

/** Nanoseconds of one acquire and release, in one round. */
export type LaneRound = Readonly<Record<LaneForm | 'floor', number>>

/** How many rounds to run, of so many lanes a loop. */
export interface LaneTurn {
  readonly rounds: number
  readonly lanesPerRound: number
}

const ROUND_PARTS = ['floor', ...LANE_FORMS] as const

const subject: LaneSubject = workerData
const loops: Readonly<Record<LaneForm | 'floor', LaneLoop>> = {
  floor: floorLoop(subject.policy),
  ...laneLoops(subject),
}
let nextHint = 0
let roundsDone = 0

function time(loop: LaneLoop, count: number): number {
  const startMs = performance.now()
  const sum = loop(nextHint, count)
  const endMs = performance.now()
  if (sum !== sumOfLanes(nextHint, count)) throw new Error('a loop had other lanes than it asked for')
  nextHint += count
  return ((endMs - startMs) * 1e6) / count
}

/** Every round begins with another loop: what comes first after a pause is slower. */
function runRound(count: number): LaneRound {
  const round = { floor: 0, tryAcquire: 0, generator: 0, runAtomic: 0 }
  const first = roundsDone++ % ROUND_PARTS.length
  for (const part of [...ROUND_PARTS.slice(first), ...ROUND_PARTS.slice(0, first)])
    round[part] = time(loops[part], count)
  return round
}

parentPort?.on('message', ({ rounds, lanesPerRound }: LaneTurn) => {
  void answerWith(() => Array.from({ length: rounds }, () => runRound(lanesPerRound)))
})
