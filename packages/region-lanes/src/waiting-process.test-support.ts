/**
 * Waits for things that an unreferenced timer gives back: it fires only if something else keeps the process alive. Rounds never
 * end, so a handle that is left behind would keep the process for longer than its parent waits.
 */
import type { Sleepable } from '@bttkit/interfaces'
import { runAsync } from '@bttkit/sleepable'
import { SharedLaneTable, SharedLocks, SharedReadTracking } from './index.ts'
import { NEVER_MS, sharedWords } from './threads.test-support.ts'

const options = { roundMs: NEVER_MS }

async function waits(name: string, operation: Sleepable<unknown>, giveBack: () => void): Promise<void> {
  setTimeout(giveBack, 30).unref()
  await runAsync(operation)
  process.stdout.write(`${name}\n`)
}

const locks = new SharedLocks(sharedWords(1), 'map-lock', options)
locks.tryAcquire(0)
await waits('lock', locks.acquire(0), () => locks.release(0))

const lanes = new SharedLaneTable(sharedWords(2), 'first-idle', options)
lanes.tryAcquire(0)
await waits('lane', lanes.acquire(0), () => lanes.release(0))

const tracking = new SharedReadTracking(sharedWords(1), options)
tracking.enter(0, 5)
await waits('unread', tracking.waitUntilUnread(5), () => tracking.leave(0))

// A waiter that is ended leaves nothing behind.
const gone = locks.acquire(0)
void Promise.resolve(gone.next().value)
await Promise.resolve()
gone.return()
