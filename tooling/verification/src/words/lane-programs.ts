/** Threads that take lanes of one table and give them back. Who has a lane counts in a word of the lane. */
import type { LanePolicy, WordAtomics } from '@bttkit/interfaces'
import { SharedLaneTable } from '@bttkit/region-lanes'
import type { ThreadBody, WordProgram, WordPrograms } from '@bttkit/checker-lanes'
import { runBlocking } from '@bttkit/sleepable'
import { ROUND_MS, count, differs, firstInUse, meetAt, place } from './thread-steps.ts'

interface Table {
  readonly lanes: SharedLaneTable
  readonly hint: number
  /** Counts under a lane. */
  readonly count: (lane: number) => void
  /** Returns when two threads are here. */
  readonly meet: () => void
}

type Use = (table: Table) => void

const release: Use = ({ lanes, hint, count: countUnder }) => {
  const lane = runBlocking(lanes.acquire(hint))
  const turn = lanes.turnOf(lane)
  countUnder(lane)
  lanes.release(lane, turn)
}

/** Looks first whether there is a lane without waiting. */
const tryFirst: Use = (table) => {
  const lane = table.lanes.tryAcquire(table.hint)
  if (lane === undefined) return release(table)
  table.count(lane)
  table.lanes.release(lane)
}

const quarantine: Use = ({ lanes, hint, count: countUnder }) => {
  const lane = runBlocking(lanes.acquire(hint))
  countUnder(lane)
  lanes.quarantine(lane, lanes.turnOf(lane))
  lanes.restore(lane)
}

/** Goes away when it was woken, or has waited in vain, and leaves the lane to others; where there is one at once it uses it. */
const goAway: Use = (table) => {
  const operation = table.lanes.acquire(table.hint)
  const step = operation.next()
  if (step.done === true) {
    table.count(step.value)
    table.lanes.release(step.value)
    return
  }
  step.value.block?.()
  operation.return(0)
  table.count(-1)
}

/** Takes a lane, and keeps it until another thread has one as well: nobody may sleep while a lane is idle. */
const meet: Use = ({ lanes, hint, meet: meetOther }) => {
  const lane = runBlocking(lanes.acquire(hint))
  meetOther()
  lanes.release(lane)
}

const thenMeet: Use = (table) => {
  table.lanes.release(runBlocking(table.lanes.acquire(table.hint)))
  meet(table)
}

/** Takes what is idle beside its lane, as a batch does that has found nobody waiting, and gives all back together. */
const takeBeside: Use = ({ lanes, hint }) => {
  const lane = runBlocking(lanes.acquire(hint))
  const another = lanes.tryAcquire(lane + 1)
  if (another !== undefined) lanes.release(another)
  lanes.release(lane)
}

const twice: Use = (table) => {
  release(table)
  release(table)
}

/** In the words: the lanes and the word of the table, then a counter of those that went away, then one a lane, then how many have come to the meeting. */
function laneProgram(laneCount: number, uses: readonly Use[], settings: LaneSettings = {}): WordProgram {
  const { policy = 'first-idle', hints = [], timeouts, spins = 0, counts = uses.length } = settings
  const counters = laneCount + 2
  const meeting = counters + laneCount
  const body =
    (use: Use, index: number): ThreadBody =>
    (words: Int32Array, atomics: WordAtomics) => {
      const options = { policy, thread: place(index + 1) }
      const lanes = new SharedLaneTable(words.subarray(0, laneCount + 1), options, ROUND_MS, atomics)
      use({
        lanes,
        hint: hints[index] ?? 0,
        count: (lane) => count(words, atomics, counters + lane),
        meet: () => meetAt(words, atomics, meeting),
      })
    }
  return {
    wordCount: meeting + 1,
    threads: uses.map(body),
    ...(timeouts !== undefined && { timeouts }),
    spins,
    check: (words) =>
      firstInUse('lane', words.subarray(0, laneCount)) ??
      differs(
        'the sum of the counters',
        words.subarray(counters - 1, meeting).reduce((sum, word) => sum + word, 0),
        counts,
      ),
  }
}

interface LaneSettings {
  readonly policy?: LanePolicy
  /** Of the threads. Default: all 0. */
  readonly hints?: readonly number[]
  readonly timeouts?: number
  readonly spins?: number
  /** How often they count together. Default: once each. */
  readonly counts?: number
}

export const LANE_PROGRAMS: WordPrograms = {
  'one lane, two threads': laneProgram(1, [release, release]),
  'one lane, two threads, twice': laneProgram(1, [twice, twice], { counts: 4 }),
  'one lane, three threads': laneProgram(1, [release, release, release]),
  'one static lane, three threads': laneProgram(1, [release, release, release], { policy: 'static' }),
  'two lanes, two threads': laneProgram(2, [release, release]),
  'two lanes, three threads': laneProgram(2, [release, release, release]),
  'two lanes, three threads, other hints': laneProgram(2, [release, release, release], { hints: [0, 1, 0] }),
  'one lane, one tries first': laneProgram(1, [release, tryFirst]),
  'one lane, one tries first, and a third': laneProgram(1, [release, tryFirst, release]),
  'one lane in quarantine': laneProgram(1, [quarantine, release]),
  'one lane in quarantine, three threads': laneProgram(1, [quarantine, release, release]),
  'one static lane in quarantine': laneProgram(1, [quarantine, release, release], { policy: 'static' }),
  'one lane, one goes away': laneProgram(1, [release, goAway, release]),
  'one static lane, one goes away': laneProgram(1, [release, goAway, release], { policy: 'static' }),
  'one lane, two threads that look before they sleep': laneProgram(1, [release, release], { spins: 1 }),
  'one lane, three threads that look before they sleep': laneProgram(1, [release, release, release], {
    spins: 1,
  }),
  'one static lane, three threads that look before they sleep': laneProgram(1, [release, release, release], {
    policy: 'static',
    spins: 1,
  }),
  'two lanes, held together': laneProgram(2, [meet, thenMeet, takeBeside], { hints: [0, 0, 1], counts: 0 }),
  'one lane, two threads, rounds that end': laneProgram(1, [release, release], { timeouts: 1 }),
  'one lane, one goes away, rounds that end': laneProgram(1, [release, goAway, release], { timeouts: 1 }),
}
