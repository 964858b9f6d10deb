/** Several sectors at once: what a batch takes it gives back, and what it has published is not published again. */
import { expect, test } from 'vitest'
import { FaultLayer } from '@bttkit/pmem-layers'
import { runAtomic, runBlocking } from '@bttkit/sleepable'
import { WatchedProvider, copyOf, endOf, engineWithTables } from './at-once.test-support.ts'
import { fill } from './bad-media.test-support.ts'
import { MIB, bijectionProblems, freshMemory } from './engine.test-support.ts'
import { flushed } from './faults.test-support.ts'
import { settle } from './late-provider.test-support.ts'
import { attached } from './shared-device.test-support.ts'

const fresh = freshMemory(17 * MIB, { externalLbasize: 512, nfree: 4 })

test('a batch that the error state refuses gives back no map lock, though the one before it had some', () => {
  const { engine, tables } = engineWithTables()
  const faults = [{ on: 'write' as const, effect: 'error' as const, stage: 'flog half 0' as const, nth: 5 }]
  const device = runAtomic(engine.attach(new FaultLayer(flushed(copyOf(fresh.mapping)), { faults })))
  device.atomic.write(0, fill(1, 4 * 512))
  expect(endOf(() => device.atomic.write(0, fill(2)))).toMatch(/^BTT_PROVIDER_IO: /)
  expect(tables.mapLocks.tryAcquire(0)).toBe(true)
  expect(endOf(() => device.atomic.write(0, fill(3, 4 * 512)))).toMatch(/^BTT_ARENA_ERROR_STATE: /)
  expect(tables.mapLocks.tryAcquire(0)).toBe(false)
  expect(device.statistics().lanesInUse).toBe(0)
})

test('where a lock is in use that a later batch needs, no sector is published twice for threads that may have seen it', async () => {
  const { device, provider, bytes } = attached()
  const { engine, tables } = engineWithTables()
  const watched = new WatchedProvider(flushed(provider()))
  const member = runBlocking(engine.join(watched, device.share()))
  const published: number[] = []
  watched.onCall = ({ stage, method, offset }) => {
    if (stage !== 'map' || method !== 'write') return
    // The lock of the next line.
    if (published.length === 0) expect(tables.mapLocks.tryAcquire(1)).toBe(true)
    published.push(offset)
  }
  const written = member.write(12, fill(2, 8 * 512))
  await settle()
  expect(published).toHaveLength(4)
  tables.mapLocks.release(1)
  await written
  expect(published).toHaveLength(8)
  expect(new Set(published).size).toBe(8)
  expect(bijectionProblems(bytes, 4096)).toEqual([])
})
