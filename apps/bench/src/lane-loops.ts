/**
 * The loops that are timed: each takes a lane and gives it back, again and again, with one hint after the other as the engine has them.
 *
 * Nothing of it can be left out by the compiler: each loop returns the sum of the lanes that it had, which `sumOfLanes` knows, and throws where
 * a step of it did not do what it should.
 */
import type { LanePolicy, LaneTable, ThreadPlace } from '@bttkit/interfaces'
import { MutexLaneTable, SharedLaneTable } from '@bttkit/region-lanes'
import { runAtomic } from '@bttkit/sleepable'

/** As many as an image has by default. A power of two. */
export const LANE_COUNT = 256

/** What is measured of a lane table. */
export const LANE_FORMS = ['tryAcquire', 'generator', 'runAtomic'] as const
export type LaneForm = (typeof LANE_FORMS)[number]

export interface LaneSubject {
  readonly table: 'mutex' | 'shared'
  readonly policy: LanePolicy
}

/** Takes `count` lanes one after the other, with the hints from `firstHint` on; returns the sum of their numbers. */
export type LaneLoop = (firstHint: number, count: number) => number

/** What every loop returns when nobody else has a lane. */
export function sumOfLanes(firstHint: number, count: number): number {
  let sum = 0
  for (let hint = firstHint; hint < firstHint + count; hint++) sum += hint % LANE_COUNT
  return sum
}

/** One word a lane and one more, as an attachment has them. */
function makeWords(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(4 * (LANE_COUNT + 1)))
}

function makeTable({ table, policy }: LaneSubject): LaneTable {
  const words = makeWords()
  if (table === 'mutex') return new MutexLaneTable(words.subarray(0, -1), policy)
  // Nobody waits, so nobody looks for dead threads.
  const thread: ThreadPlace = { number: 1, *recoverDead() {} }
  return new SharedLaneTable(words, { policy, thread })
}

const isHeld = (): Error => new Error('a lane was held, though nobody else takes any')

function staticFloor(words: Int32Array): LaneLoop {
  return (firstHint, count) => {
    let sum = 0
    for (let hint = firstHint; hint < firstHint + count; hint++) {
      const lane = hint & (LANE_COUNT - 1)
      if (Atomics.compareExchange(words, lane, 0, 1) !== 0) throw isHeld()
      if (Atomics.compareExchange(words, lane, 1, 0) !== 1) throw isHeld()
      sum += lane
    }
    return sum
  }
}

function firstIdleFloor(words: Int32Array): LaneLoop {
  return (firstHint, count) => {
    let sum = 0
    for (let hint = firstHint; hint < firstHint + count; hint++) {
      const lane = hint & (LANE_COUNT - 1)
      if (Atomics.compareExchange(words, lane, 0, 1) !== 0) throw isHeld()
      if (Atomics.compareExchange(words, lane, 1, 0) !== 1) throw isHeld()
      if (Atomics.load(words, LANE_COUNT) !== 0) throw isHeld()
      sum += lane
    }
    return sum
  }
}

/**
 * The least that a lane for several threads takes on this machine: a compare-exchange each way on a word, and for first-idle a
 * look whether somebody waits.
 */
export function floorLoop(policy: LanePolicy): LaneLoop {
  return policy === 'static' ? staticFloor(makeWords()) : firstIdleFloor(makeWords())
}

/** The steps of the engine: lane-section.ts of btt. */
function tryAcquireLoop(lanes: LaneTable): LaneLoop {
  return (firstHint, count) => {
    let sum = 0
    for (let hint = firstHint; hint < firstHint + count; hint++) {
      const lane = lanes.tryAcquire(hint)
      if (lane === undefined) throw isHeld()
      const turn = lanes.turnOf(lane)
      sum += lane
      lanes.release(lane, turn)
    }
    return sum
  }
}

function generatorLoop(lanes: LaneTable): LaneLoop {
  return (firstHint, count) => {
    let sum = 0
    for (let hint = firstHint; hint < firstHint + count; hint++) {
      const step = lanes.acquire(hint).next()
      if (step.done !== true) throw isHeld()
      const lane = step.value
      const turn = lanes.turnOf(lane)
      sum += lane
      lanes.release(lane, turn)
    }
    return sum
  }
}

function runAtomicLoop(lanes: LaneTable): LaneLoop {
  return (firstHint, count) => {
    let sum = 0
    for (let hint = firstHint; hint < firstHint + count; hint++) {
      const lane = runAtomic(lanes.acquire(hint))
      const turn = lanes.turnOf(lane)
      sum += lane
      lanes.release(lane, turn)
    }
    return sum
  }
}

/** The loops over one table, by what they measure. */
export function laneLoops(subject: LaneSubject): Record<LaneForm, LaneLoop> {
  const lanes = makeTable(subject)
  return {
    tryAcquire: tryAcquireLoop(lanes),
    generator: generatorLoop(lanes),
    runAtomic: runAtomicLoop(lanes),
  }
}
