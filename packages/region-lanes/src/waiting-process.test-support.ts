/**
 * Waits for things that an unreferenced timer gives back: it fires only if something else keeps the process alive. Rounds never
 * end, so a handle that is left behind would keep the process for longer than its parent waits.
 */
import type { Sleepable } from '@bttkit/interfaces'
import { runAsync } from '@bttkit/sleepable'
import { SharedLaneTable, SharedLocks, SharedReadTracking } from './index.ts'
import { NEVER_MS, place, sharedWords } from './threads.test-support.ts'

const thread = place()

async function waits(name: string, operation: Sleepable<unknown>, giveBack: () => void): Promise<void> {
  setTimeout(giveBack, 30).unref()
  await runAsync(operation)
  process.stdout.write(`${name}\n`)
}

const locks = new SharedLocks(sharedWords(1), 'map-lock', thread, NEVER_MS)
locks.tryAcquire(0)
await waits('lock', locks.acquire(0), () => locks.release(0))

const lanes = new SharedLaneTable(sharedWords(2), { policy: 'first-idle', thread }, NEVER_MS)
lanes.tryAcquire(0)
await waits('lane', lanes.acquire(0), () => lanes.release(0))

const tracking = new SharedReadTracking(sharedWords(1), thread, NEVER_MS)
tracking.enter(0, 5)
await waits('unread', tracking.waitUntilUnread(5), () => tracking.leave(0))

// A waiter that is ended leaves nothing behind, nor does one that could have given up.
const limits = [undefined, { limitMs: NEVER_MS }, { signal: new AbortController().signal }]
for (const options of limits) {
  const gone = locks.acquire(0, options)
  void Promise.resolve(gone.next().value)
  await Promise.resolve()
  gone.return()
}
