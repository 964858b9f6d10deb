/**
 * Readers of blocks, and a writer that fills the block which is free: one sector of BTT in words. Word 0 is the map, which names one of two blocks of two words; the
 * read tracking follows.
 */
import { SharedReadTracking } from '@bttkit/region-lanes'
import type { ThreadBody, WordProgram, WordPrograms } from '@bttkit/checker-lanes'
import { runBlocking } from '@bttkit/sleepable'
import { ROUND_MS, differs, firstInUse, place } from './thread-steps.ts'

const BLOCK_WORDS = 2
const startOf = (block: number): number => 1 + block * BLOCK_WORDS
const TRACKING = startOf(2)

const reader =
  (lane: number, lanes: number): ThreadBody =>
  (words, atomics) => {
    const own = words.subarray(TRACKING, TRACKING + lanes)
    const tracking = new SharedReadTracking(own, place(lane + 1), ROUND_MS, atomics)
    let block = -1
    for (let named = atomics.load(words, 0); named !== block; named = atomics.load(words, 0)) {
      block = named
      tracking.enter(lane, block)
    }
    const [first, second] = [0, 1].map((at) => atomics.load(words, startOf(block) + at))
    if (first !== second) throw new Error(`block ${block} was written while it was read`)
    tracking.leave(lane)
  }

const writer =
  (writes: number, lanes: number): ThreadBody =>
  (words, atomics) => {
    const own = words.subarray(TRACKING, TRACKING + lanes)
    const tracking = new SharedReadTracking(own, place(lanes), ROUND_MS, atomics)
    let free = 1
    for (let write = 1; write <= writes; write++) {
      if (tracking.isRead(free)) runBlocking(tracking.waitUntilUnread(free))
      for (let at = 0; at < BLOCK_WORDS; at++) atomics.store(words, startOf(free) + at, write)
      free = atomics.exchange(words, 0, free)
    }
  }

/** A lane for each reader, and one for the writer. */
function trackingProgram(readers: number, writes: number, timeouts?: number): WordProgram {
  const lanes = readers + 1
  const threads = Array.from({ length: readers }, (_, lane) => reader(lane, lanes))
  return {
    wordCount: TRACKING + lanes,
    threads: [...threads, writer(writes, lanes)],
    ...(timeouts !== undefined && { timeouts }),
    check: (words) =>
      firstInUse('the read tracking of lane', words.subarray(TRACKING)) ??
      differs('the sector', words[startOf(words[0] ?? 0)], writes),
  }
}

export const TRACKING_PROGRAMS: WordPrograms = {
  'a reader and a writer': trackingProgram(1, 2),
  'a reader and a writer of three': trackingProgram(1, 3),
  'two readers and a writer': trackingProgram(2, 2),
  'a reader and a writer, rounds that end': trackingProgram(1, 2, 1),
}
