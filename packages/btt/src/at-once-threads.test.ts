/** Operations at once on a device that several threads share. The memberships here are of one thread, so that a test decides when which of them goes on. */
import { expect, test } from 'vitest'
import type { BttDevice, ReadTracking } from '@bttkit/interfaces'
import { FaultLayer } from '@bttkit/pmem-layers'
import { runBlocking } from '@bttkit/sleepable'
import { WatchedProvider, endOf } from './at-once.test-support.ts'
import { BttEngine } from './engine.ts'
import { bijectionProblems, parts } from './engine.test-support.ts'
import { flushed } from './faults.test-support.ts'
import { attached, fill } from './shared-device.test-support.ts'

/** Writes down who enters and leaves the read tracking. */
function notingTracking(inner: ReadTracking, notes: string[]): ReadTracking {
  return {
    enter: (lane, block) => {
      notes.push('enter')
      return inner.enter(lane, block)
    },
    leave: (lane) => {
      notes.push('leave')
      inner.leave(lane)
    },
    isRead: (block) => inner.isRead(block),
    anyRead: () => inner.anyRead(),
    waitUntilUnread: (block) => inner.waitUntilUnread(block),
  }
}

/** A shared device whose first sectors are 1, and another membership of which everything is seen. */
function joined() {
  const given = attached()
  given.device.blocking.write(0, fill(1))
  given.device.blocking.write(3, fill(1))
  const notes: string[] = []
  const watched = new WatchedProvider(flushed(given.provider()))
  const engine = new BttEngine({
    ...parts,
    readTracking: (words, thread) => notingTracking(parts.readTracking(words, thread), notes),
  })
  const member = runBlocking(engine.join(watched, given.device.share()))
  watched.onCall = ({ stage, method }) => void notes.push(`${stage}: ${method}`)
  notes.length = 0
  return { ...given, member, watched, notes }
}

const byteOf = (device: BttDevice, lba: number): number | undefined => {
  const sector = fill(0xcc)
  device.blocking.read(lba, sector)
  expect(new Set(sector).size).toBe(1)
  return sector[0]
}

test('a read is in the read tracking, and the map has named its block since', () => {
  const { member, notes } = joined()
  expect(byteOf(member, 3)).toBe(1)
  expect(notes.slice(0, 5)).toEqual(['map: read', 'enter', 'map: read', 'data: read', 'leave'])
  expect(new Set(notes.slice(5))).toEqual(new Set(['leave']))
})

test('so is each sector of a read of several, and zeros are in it never', () => {
  const { member, notes } = joined()
  member.blocking.read(3, new Uint8Array(2 * 512))
  const read = ['map: read', 'enter', 'map: read', 'data: read', 'leave']
  expect(notes.slice(0, 6)).toEqual([...read, 'map: read'])
  expect(notes.slice(6)).not.toContain('enter')
})

test('a read whose sector is written between its looks begins again', () => {
  const { member, device, watched, notes, bytes } = joined()
  const note = watched.onCall
  let looks = 0
  watched.onCall = (call) => {
    note(call)
    if (call.stage === 'map' && ++looks === 2) device.blocking.write(3, fill(2))
  }
  expect(byteOf(member, 3)).toBe(2)
  expect(notes.filter((what) => what === 'enter')).toHaveLength(2)
  expect(notes.filter((what) => what === 'data: read')).toHaveLength(1)
  expect(bijectionProblems(bytes, 4096)).toEqual([])
})

test('the atomic form is refused, and calls nothing', () => {
  const { member, notes } = joined()
  expect(endOf(() => member.atomic.read(3, fill(0)))).toMatch(/^BTT_WOULD_SLEEP: /)
  expect(endOf(() => member.atomic.write(3, fill(2)))).toMatch(/^BTT_WOULD_SLEEP: /)
  expect(notes).toEqual([])
})

test('a write in whose middle another thread comes to the error state stores nothing more', () => {
  const { member, join, provider, watched, notes } = joined()
  const note = watched.onCall
  const faults = [{ on: 'write' as const, effect: 'error' as const, stage: 'map' as const }]
  const failing = join(new FaultLayer(provider(), { faults }))
  watched.onCall = (call) => {
    note(call)
    if (call.stage === 'flog half 0')
      expect(endOf(() => failing.blocking.write(30, fill(2)))).toMatch(/^BTT_PROVIDER_IO: /)
  }
  expect(endOf(() => member.blocking.write(3, fill(2)))).toMatch(/^BTT_ARENA_ERROR_STATE: /)
  expect(notes.filter((what) => what.startsWith('flog') || what === 'map: write')).toEqual([
    'flog half 0: write',
  ])
  expect(endOf(() => member.blocking.write(40, fill(2)))).toMatch(/^BTT_ARENA_ERROR_STATE: /)
  expect(byteOf(member, 3)).toBe(1)
})
