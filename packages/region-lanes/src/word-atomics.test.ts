import { expect, test } from 'vitest'
import { SharedLaneTable, SharedLocks, SharedReadTracking, ThreadRegistry } from './index.ts'
import { KERNEL_THREADS } from './kernel-thread.ts'
import { ShadowAtomics } from './shadow-atomics.test-support.ts'
import { NEVER_MS, place, sharedWords } from './threads.test-support.ts'

// A word that was changed past the atomics is not 0; one that was read past them would show nothing of what was stored.

test('a lane table does nothing to its words past its atomics', () => {
  const words = sharedWords(3)
  const options = { policy: 'first-idle', thread: place() } as const
  const atomics = new ShadowAtomics()
  const lanes = new SharedLaneTable(words, options, NEVER_MS, atomics)
  const others = new SharedLaneTable(words, { ...options, thread: place(2) }, NEVER_MS, atomics)
  expect([lanes.tryAcquire(0), lanes.tryAcquire(0), lanes.tryAcquire(0)]).toEqual([0, 1, undefined])
  // Waits, and goes away.
  const waiting = lanes.acquire(0)
  waiting.next()
  expect(others.isWaitedFor()).toBe(true)
  waiting.return(0)
  lanes.quarantine(1)
  expect([lanes.heldCount(), lanes.lanesOf(1)]).toEqual([2, [0, 1]])
  expect([...words]).toEqual([0, 0, 0])
  lanes.restore(1)
  lanes.release(0)
  expect(lanes.heldCount()).toBe(0)
})

test('locks do nothing to their words past their atomics', () => {
  const words = sharedWords(1)
  const atomics = new ShadowAtomics()
  const locks = new SharedLocks(words, 'map-lock', place(1), NEVER_MS, atomics)
  const others = new SharedLocks(words, 'map-lock', place(2), NEVER_MS, atomics)
  expect([locks.tryAcquire(0), others.tryAcquire(0)]).toEqual([true, false])
  others.acquire(0).next()
  expect(others.takeOver(0, 1)).toBe(true)
  expect([...words]).toEqual([0])
  others.release(0)
  expect(locks.isFree(0)).toBe(true)
})

test('read tracking does nothing to its words past its atomics', () => {
  const words = sharedWords(2)
  const tracking = new SharedReadTracking(words, place(), NEVER_MS, new ShadowAtomics())
  tracking.enter(1, 5)
  expect([tracking.isRead(5), tracking.isRead(6), tracking.anyRead()]).toEqual([true, false, true])
  tracking.waitUntilUnread(5).next()
  expect([...words]).toEqual([0, 0])
  tracking.leave(1)
  expect([tracking.isRead(5), tracking.anyRead()]).toEqual([false, false])
})

test('a registry does nothing to its words past its atomics', () => {
  const words = sharedWords(ThreadRegistry.WORDS)
  const registry = new ThreadRegistry(words, KERNEL_THREADS, new ShadowAtomics())
  expect([registry.join(), registry.join()]).toEqual([1, 2])
  registry.leave(1)
  expect(registry.numbers()).toEqual([2])
  expect(words.every((word) => word === 0)).toBe(true)
})
