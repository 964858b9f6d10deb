/** One thread of a test. See `Job`. */
import { parentPort, workerData } from 'node:worker_threads'
import type { Sleepable } from '@bttkit/interfaces'
import { runAsync, runBlocking } from '@bttkit/sleepable'
import { SharedLaneTable, SharedLocks, SharedReadTracking } from './index.ts'
import { NEVER_MS, place, type Job } from './threads.test-support.ts'

const job = workerData as Job
const { words, data } = job
/** Threads of a registry have numbers from 1. */
const thread = place(job.number + 1)

/** Waits until `threads` arrivals were counted in a word. */
function meet(word: Int32Array, threads: number): void {
  Atomics.add(word, 0, 1)
  Atomics.notify(word, 0)
  for (let here = Atomics.load(word, 0); here < threads; here = Atomics.load(word, 0)) {
    if (Atomics.wait(word, 0, here, 5000) === 'timed-out') throw new Error('a thread did not come')
  }
}

/** What one round takes and gives back: the index of the plain counter that it may touch between. */
function holder(): { acquire: (round: number) => Sleepable<number>; release: (index: number) => void } {
  if (job.what === 'locks') {
    const locks = new SharedLocks(words, 'map-lock', thread, NEVER_MS)
    return {
      *acquire(round) {
        const index = round % locks.lockCount
        yield* locks.acquire(index)
        return index
      },
      release: (index) => locks.release(index),
    }
  }
  if (job.what === 'nothing') {
    return {
      *acquire() {
        return 0
      },
      release: () => {},
    }
  }
  const policy = job.what === 'lanes static' ? 'static' : 'first-idle'
  const lanes = new SharedLaneTable(words, { policy, thread }, NEVER_MS)
  return { acquire: (round) => lanes.acquire(round), release: (lane) => lanes.release(lane) }
}

async function count(): Promise<number> {
  const { acquire, release } = holder()
  const task = async (): Promise<void> => {
    for (let round = 0; round < job.rounds; round++) {
      const taken = acquire(job.number + round)
      const index = job.how === 'async' ? await runAsync(taken) : runBlocking(taken)
      const counted = data[index] ?? 0
      // Where nothing excludes them, all threads are certainly between this load and this store together.
      if (job.what === 'nothing') meet(words, (round + 1) * job.threads)
      data[index] = counted + 1
      // Where others of the thread are to find it held.
      if (job.tasks !== undefined) await Promise.resolve()
      release(index)
    }
  }
  await Promise.all(Array.from({ length: job.tasks ?? 1 }, task))
  return job.rounds
}

/*
 * One sector of BTT: data[0] is the map, which names one of two blocks; a block is BLOCK words of one value. Readers count the
 * blocks that were not of one value, which are those that the writer wrote while they were read.
 */
const BLOCK = 64
const startOf = (block: number): number => 1 + block * BLOCK

function read(): number {
  const tracking = new SharedReadTracking(words, thread, NEVER_MS)
  let torn = 0
  // Reads until the writer says that it is over.
  for (;;) {
    let block = Atomics.load(data, 0)
    if (block < 0) return torn
    for (;;) {
      tracking.enter(job.number, block)
      const again = Atomics.load(data, 0)
      if (again === block || again < 0) break
      block = again
    }
    const start = startOf(block)
    const [first] = data.subarray(start, start + 1)
    for (let i = 1; i < BLOCK; i++) {
      if (data[start + i] !== first) {
        torn++
        break
      }
    }
    tracking.leave(job.number)
  }
}

async function write(): Promise<number> {
  const tracking = new SharedReadTracking(words, thread, NEVER_MS)
  let free = 1
  for (let round = 1; round <= job.rounds; round++) {
    const unread = tracking.waitUntilUnread(free)
    if (job.how === 'async') await runAsync(unread)
    else runBlocking(unread)
    data.fill(round, startOf(free), startOf(free) + BLOCK)
    free = Atomics.exchange(data, 0, free)
  }
  Atomics.store(data, 0, -1)
  return 0
}

// All threads set off together.
meet(job.start, job.threads)

const result = job.what === 'reader' ? read() : job.what === 'writer' ? await write() : await count()
parentPort?.postMessage(result)
