/** One thread of the tests in which threads die. See `MortalJob`. */
import { parentPort, workerData } from 'node:worker_threads'
import type { Sleepable } from '@bttkit/interfaces'
import { runAsync, runBlocking } from '@bttkit/sleepable'
import { Member, type CommonWords } from './members.test-support.ts'

interface Common {
  readonly words: CommonWords
  readonly how: 'blocking' | 'async'
}

/** Takes lane 0 and map lock 0 and reads block 7, says what its number is, and never gives anything back. */
export interface VictimJob extends Common {
  readonly role: 'victim'
  /** Those that exit or throw do so when they are told to end. */
  readonly end: 'sleeps' | 'runs' | 'exits' | 'throws'
}

/** Waits for one of these things, the block to be unread; says before that it is about to, and when it goes on. */
export interface SurvivorJob extends Common {
  readonly role: 'survivor'
  readonly waitsFor: 'lane' | 'lock' | 'block'
}

/**
 * Counts under lanes and locks, as a write goes through them, until `stop`. `counts` are pairs of plain words, of the lanes and then of the locks, which are
 * only different while their holder is inside; `total` is how often a pair was counted up.
 */
export interface CounterJob extends Common {
  readonly role: 'counter'
  readonly counts: Int32Array
  readonly total: Int32Array
  readonly stop: Int32Array
}

export type MortalJob = VictimJob | SurvivorJob | CounterJob

const BLOCK = 7
const say = (word: unknown): void => parentPort?.postMessage(word)

function victim({ words, end }: VictimJob): void {
  const member = new Member(words, 'static')
  member.tracking.enter(runBlocking(member.lanes.acquire(0)), BLOCK)
  runBlocking(member.locks.acquire(0))
  say(member.number)
  if (end === 'sleeps') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  if (end === 'runs') for (;;);
  parentPort?.once('message', () => {
    if (end === 'throws') throw new Error('this thread dies')
    process.exit(1)
  })
}

async function survivor({ words, how, waitsFor }: SurvivorJob): Promise<void> {
  const member = new Member(words, 'static')
  const operations = {
    lane: (): Sleepable<unknown> => member.lanes.acquire(0),
    lock: (): Sleepable<unknown> => member.locks.acquire(0),
    block: (): Sleepable<unknown> => member.tracking.waitUntilUnread(BLOCK),
  }
  say('waits')
  const operation = operations[waitsFor]()
  if (how === 'async') await runAsync(operation)
  else runBlocking(operation)
  if (waitsFor === 'lane') member.lanes.release(0)
  if (waitsFor === 'lock') member.locks.release(0)
  member.leave()
  say('went on')
}

async function counter({ words, how, counts, total, stop }: CounterJob): Promise<void> {
  const laneCount = words.tracking.length
  let overlaps = 0
  const settle = (pair: number): void => {
    counts[2 * pair + 1] = counts[2 * pair] ?? 0
  }
  const member = new Member(words, 'first-idle', {
    lane: settle,
    lock: (lock) => settle(laneCount + lock),
  })
  /** Stays inside for a while, so that many die there. */
  const countUp = (pair: number): void => {
    const seen = counts[2 * pair] ?? 0
    if (seen !== counts[2 * pair + 1]) overlaps++
    counts[2 * pair] = seen + 1
    Atomics.add(total, 0, 1)
    const until = performance.now() + 0.05
    while (performance.now() < until);
    counts[2 * pair + 1] = seen + 1
  }
  function* once(round: number): Sleepable<void> {
    const lane = member.lanes.tryAcquire(round) ?? (yield* member.lanes.acquire(round))
    yield* member.tracking.waitUntilUnread(round % 3)
    countUp(lane)
    member.tracking.enter(lane, (round + 1) % 3)
    const lock = round % member.locks.lockCount
    yield* member.locks.acquire(lock)
    countUp(laneCount + lock)
    member.tracking.leave(lane)
    member.locks.release(lock)
    member.lanes.release(lane)
  }
  for (let round = member.number; Atomics.load(stop, 0) === 0; round++) {
    if (how === 'async') await runAsync(once(round))
    else runBlocking(once(round))
  }
  // Whoever died last is nobody's to find any more, once nobody waits.
  runBlocking(member.recoverDead())
  member.leave()
  say(overlaps)
}

const job = workerData as MortalJob
if (job.role === 'victim') victim(job)
else if (job.role === 'survivor') await survivor(job)
else await counter(job)
