/**
 * Every schedule of a few small sections.
 *
 * A section that meets no lock is three steps: in, on, out. Two of them have C(6, 3) = 20 schedules; in 2 of these one section ends
 * before the other begins, and in the 18 others both tasks are inside at some step, at the earliest after 2 steps.
 * A section that finds a lock taken has a step more, in which it only queues. Beside the 2 serial schedules that makes 4: the second
 * task queues after step 1 or 2 of the first, whichever is the first.
 */
import { Scheduler } from '@bttkit/sleepable'
import type { LaneTable, Sleepable } from '@bttkit/interfaces'
import { expect, test } from 'vitest'
import { LocalReadTracking } from '../local-read-tracking.ts'
import { HISTORICAL_LANE_TABLES, RecursionCountLaneTable, type HistoricalLaneTableName } from './index.ts'
import { everySchedule, inLane, sections, type Program } from './schedules.test-support.ts'

const maker = (name: HistoricalLaneTableName, lanes: number, cpus: number) => () =>
  HISTORICAL_LANE_TABLES[name].make(new Int32Array(lanes), 'static', { cpuCount: cpus })

const ALL_BUT_SERIAL = { schedules: 20, violating: 18, stuck: 0, shortest: 2 }
const EXCLUSIVE = { schedules: 6, violating: 0, stuck: 0, shortest: Infinity }

test.each(['mutex', 'spinlock-bh'] as const)('%s: two tasks are never in one lane', (name) => {
  // One CPU for both, then two; fewer lanes than CPUs, then as many.
  expect(everySchedule(sections(maker(name, 1, 2), [1, 1]))).toEqual(EXCLUSIVE)
  expect(everySchedule(sections(maker(name, 1, 2), [0, 1]))).toEqual(EXCLUSIVE)
  expect(everySchedule(sections(maker(name, 2, 2), [1, 1]))).toEqual(EXCLUSIVE)
  // Each in its own lane: no lock is met.
  expect(everySchedule(sections(maker(name, 2, 2), [0, 1]))).toEqual({
    ...ALL_BUT_SERIAL,
    violating: 0,
    shortest: Infinity,
  })
})

// In each of the 6 orders of coming: the second comes when the first has ended (then the third has 3 places: after each step of the
// second), or queues after step 1 or 2 of the first (then the third has 1 + 2 + 3 or 1 + 1 + 3 places). 6 * (3 + 6 + 5) = 84.
test.each(['mutex', 'spinlock-bh'] as const)('%s: nor are three, of two CPUs and one', (name) => {
  for (const hints of [
    [0, 1, 1],
    [1, 1, 1],
  ]) {
    const { schedules, violating, stuck } = everySchedule(sections(maker(name, 1, 2), hints))
    expect({ schedules, violating, stuck }).toEqual({ schedules: 84, violating: 0, stuck: 0 })
  }
})

test('recursion-count, lanes >= CPUs: two tasks of one CPU are together in all schedules but the serial ones', () => {
  expect(everySchedule(sections(maker('recursion-count', 2, 2), [1, 1]))).toEqual(ALL_BUT_SERIAL)
})

test('recursion-count, more CPUs than lanes: the count lets the second task of the CPU in beside the lock', () => {
  expect(everySchedule(sections(maker('recursion-count', 1, 2), [1, 1]))).toEqual(ALL_BUT_SERIAL)
})

test('recursion-count, more CPUs than lanes: between CPUs the lock does its work', () => {
  expect(everySchedule(sections(maker('recursion-count', 1, 2), [0, 1]))).toEqual(EXCLUSIVE)
})

// The first task has counted and not locked: in (1 step, no lock) comes the second, then the first takes the lock: 3 steps.
// The one who comes first has 4 steps now. Of the 20 ways to go on after its first, the second is alone in 2: at once, or at the end.
test('recursion-count: the gap between the count and the lock is enough', () => {
  const options = { cpuCount: 2, isPreemptedBeforeLock: true }
  const make = () => HISTORICAL_LANE_TABLES['recursion-count'].make(new Int32Array(1), 'static', options)
  expect(everySchedule(sections(make, [1, 1]))).toEqual({
    schedules: 40,
    violating: 36,
    stuck: 0,
    shortest: 3,
  })
})

test('recursion-count: a task that waits for the lock lets the next task of its CPU in beside the holder on another', () => {
  const lanes = new RecursionCountLaneTable(new Int32Array(1), 2)
  const scheduler = new Scheduler()
  const [holder, waiter, third] = [0, 1, 1].map((hint, i) => scheduler.add(`task ${i}`, lanes.acquire(hint)))
  holder?.resume()
  waiter?.resume()
  third?.resume()
  expect([holder?.state, waiter?.state, third?.state]).toEqual(['done', 'waiting', 'done'])
})

test('recursion-count: the lock of one task is dropped by another', () => {
  const words = new Int32Array(1)
  const lanes = new RecursionCountLaneTable(words, 2)
  lanes.tryAcquire(1)
  lanes.tryAcquire(1)
  lanes.release(0)
  // Who took the lock is gone. The other never took it, and holds it.
  expect([lanes.heldCount(), words[0], lanes.tryAcquire(0)]).toEqual([1, 1, undefined])
  lanes.release(0)
  expect([lanes.heldCount(), words[0], lanes.tryAcquire(0)]).toEqual([0, 0, 0])
})

test.each([
  { lanes: 1, cpus: 2 },
  { lanes: 2, cpus: 2 },
])(
  'spinlock-preemption-off, $lanes lanes, $cpus CPUs: right while sections are not preempted',
  ({ lanes, cpus }) => {
    const make = maker('spinlock-preemption-off', lanes, cpus)
    for (const hints of [
      [1, 1],
      [0, 1],
      [0, 1, 1],
      [0, 0, 1, 1],
    ]) {
      const { schedules, violating, stuck } = everySchedule(sections(make, hints, cpus))
      expect({ violating, stuck }).toEqual({ violating: 0, stuck: 0 })
      expect(schedules).toBeGreaterThan(1)
    }
    // With two of one CPU only the serial ones are left.
    expect(everySchedule(sections(make, [1, 1], cpus)).schedules).toBe(2)
  },
)

test.each([
  { lanes: 1, cpus: 2 },
  { lanes: 2, cpus: 2 },
])('spinlock-preemption-off, $lanes lanes, $cpus CPUs: wrong when one is', ({ lanes, cpus }) => {
  expect(everySchedule(sections(maker('spinlock-preemption-off', lanes, cpus), [1, 1]))).toEqual(
    ALL_BUT_SERIAL,
  )
})

test('recursion-count is right, too, where nothing preempts a section', () => {
  const { violating, stuck } = everySchedule(sections(maker('recursion-count', 1, 2), [0, 0, 1, 1], 2))
  expect({ violating, stuck }).toEqual({ violating: 0, stuck: 0 })
})

test('owner-spinlock: two tasks of one CPU exclude each other, a softirq of the owner is let in', () => {
  expect(everySchedule(sections(maker('owner-spinlock', 1, 2), [1, 3]))).toEqual(EXCLUSIVE)
  expect(everySchedule(sections(maker('owner-spinlock', 1, 2), [1, 1]))).toEqual(ALL_BUT_SERIAL)
})

/** The publication of a write: data into the lane's free block, then map entry and free block change places. */
function* write(lanes: LaneTable, lba: number, map: number[], free: number[]): Sleepable<void> {
  const lane = yield* lanes.acquire(0)
  const block = free[lane] ?? NaN
  yield inLane(lane)
  free[lane] = map[lba] ?? NaN
  map[lba] = block
  lanes.release(lane)
}

function twoWriters(name: HistoricalLaneTableName): () => Program {
  return () => {
    const lanes = maker(name, 1, 1)()
    const map = [0, 1]
    const free = [2]
    const scheduler = new Scheduler()
    scheduler.add('x', write(lanes, 0, map, free))
    scheduler.add('y', write(lanes, 1, map, free))
    return { scheduler, isViolated: () => new Set([...map, ...free]).size < 3 }
  }
}

// Two steps each: 6 schedules, 2 of them serial. In the others both take the free block; the second publication, which is
// the last of the 4 steps, puts it under a second LBA.
test('recursion-count: two writers of one CPU publish one block for two LBAs', () => {
  expect(everySchedule(twoWriters('recursion-count'))).toEqual({
    schedules: 6,
    violating: 4,
    stuck: 0,
    shortest: 4,
  })
  expect(everySchedule(twoWriters('mutex'))).toEqual({
    schedules: 4,
    violating: 0,
    stuck: 0,
    shortest: Infinity,
  })
})

function twoReaders(name: HistoricalLaneTableName): () => Program {
  return () => {
    const lanes = maker(name, 1, 1)()
    const tracking = new LocalReadTracking(new Int32Array(1))
    const reading: number[] = []
    function* read(block: number): Sleepable<void> {
      const lane = yield* lanes.acquire(0)
      tracking.enter(lane, block)
      reading.push(block)
      yield inLane(lane)
      reading.splice(reading.indexOf(block), 1)
      tracking.leave(lane)
      lanes.release(lane)
    }
    const scheduler = new Scheduler()
    scheduler.add('R1', read(5))
    scheduler.add('R2', read(6))
    return { scheduler, isViolated: () => reading.some((block) => !tracking.isRead(block)) }
  }
}

// The second to enter takes the entry of the first away: 2 steps.
test('recursion-count: a second reader of the CPU leaves the block of the first unprotected', () => {
  expect(everySchedule(twoReaders('recursion-count'))).toEqual({
    schedules: 6,
    violating: 4,
    stuck: 0,
    shortest: 2,
  })
  expect(everySchedule(twoReaders('mutex'))).toEqual({
    schedules: 4,
    violating: 0,
    stuck: 0,
    shortest: Infinity,
  })
})
