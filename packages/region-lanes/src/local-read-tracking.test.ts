import { InvariantError } from '@bttkit/interfaces'
import { Scheduler, runAsync } from '@bttkit/sleepable'
import { expect, test } from 'vitest'
import { LocalReadTracking } from './index.ts'

const tracking = (lanes = 4): LocalReadTracking => new LocalReadTracking(new Int32Array(lanes))

/** Starts a writer of `block`; says whether it still waits. */
function writer(table: LocalReadTracking, block: number): { waits: () => boolean; over: Promise<void> } {
  let waits = true
  const over = runAsync(table.waitUntilUnread(block)).then(() => void (waits = false))
  return { waits: () => waits, over }
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

test('a block that nobody reads is not read', () => {
  const table = tracking()
  table.enter(0, 5)
  expect(table.isRead(6)).toBe(false)
})

test.each([0, 1, 2 ** 30 - 1])('block %i is read from enter to leave', (block) => {
  const table = tracking()
  expect(table.isRead(block)).toBe(false)
  table.enter(1, block)
  expect(table.isRead(block)).toBe(true)
  table.leave(1)
  expect(table.isRead(block)).toBe(false)
})

test('a block is read until the last of its readers leaves', () => {
  const table = tracking()
  table.enter(0, 5)
  table.enter(3, 5)
  table.leave(0)
  expect(table.isRead(5)).toBe(true)
  table.leave(3)
  expect(table.isRead(5)).toBe(false)
})

test('a lane that enters again reads the new block and not the old one', () => {
  const table = tracking()
  table.enter(0, 5)
  table.enter(0, 6)
  expect(table.isRead(5)).toBe(false)
  expect(table.isRead(6)).toBe(true)
  table.leave(0)
  expect(table.isRead(6)).toBe(false)
})

test('a lane that enters again leaves other readers alone', () => {
  const table = tracking()
  table.enter(0, 5)
  table.enter(1, 5)
  table.enter(0, 6)
  expect(table.isRead(5)).toBe(true)
})

test('leaving twice, or without having entered, changes nothing', () => {
  const table = tracking()
  table.enter(0, 5)
  table.leave(1)
  table.leave(1)
  expect(table.isRead(5)).toBe(true)
  table.leave(0)
  table.leave(0)
  table.enter(1, 5)
  expect(table.isRead(5)).toBe(true)
})

test('entering the same block again counts once', () => {
  const table = tracking()
  table.enter(0, 5)
  table.enter(0, 5)
  table.leave(0)
  table.enter(1, 6)
  table.leave(1)
  expect(table.isRead(5)).toBe(false)
})

test('a writer of an unread block does not wait', () => {
  const table = tracking()
  table.enter(0, 5)
  expect(table.waitUntilUnread(6).next()).toEqual({ done: true, value: undefined })
})

test('a writer waits until the only reader leaves', async () => {
  const table = tracking()
  table.enter(0, 5)
  const { waits, over } = writer(table, 5)
  await turn()
  expect(waits()).toBe(true)
  table.leave(0)
  await over
})

test('a writer waits until the last of several readers leaves', async () => {
  const table = tracking()
  for (const lane of [0, 1, 2]) table.enter(lane, 5)
  const { waits, over } = writer(table, 5)
  for (const lane of [1, 0]) {
    table.leave(lane)
    await turn()
    expect(waits()).toBe(true)
  }
  table.leave(2)
  await over
})

test('only the reader that leaves last wakes the writer', async () => {
  const table = tracking()
  for (const lane of [0, 1, 2]) table.enter(lane, 5)
  const wait: unknown = table.waitUntilUnread(5).next().value
  let woken = false
  void Promise.resolve(wait).then(() => (woken = true))
  table.leave(0)
  table.enter(1, 6)
  await turn()
  expect(woken).toBe(false)
  table.leave(2)
  await turn()
  expect(woken).toBe(true)
})

test('a writer goes on when the reader turns to another block', async () => {
  const table = tracking()
  table.enter(0, 5)
  const { over } = writer(table, 5)
  table.enter(0, 6)
  await over
  expect(table.isRead(6)).toBe(true)
})

test('a reader that leaves another block does not wake the writer', async () => {
  const table = tracking()
  table.enter(0, 5)
  table.enter(1, 6)
  const { waits, over } = writer(table, 5)
  table.leave(1)
  await turn()
  expect(waits()).toBe(true)
  table.leave(0)
  await over
})

test('a writer that was woken waits on when a new reader came first', async () => {
  const table = tracking()
  table.enter(0, 5)
  const { waits, over } = writer(table, 5)
  table.leave(0)
  table.enter(1, 5)
  await turn()
  expect(waits()).toBe(true)
  table.leave(1)
  await over
})

test('writers of different blocks wait side by side', async () => {
  const table = tracking()
  table.enter(0, 5)
  table.enter(1, 6)
  const five = writer(table, 5)
  const six = writer(table, 6)
  table.leave(1)
  await six.over
  expect(five.waits()).toBe(true)
  table.leave(0)
  await five.over
})

test('two writers of one block are a defect: it would be the free block of two lanes', () => {
  const table = tracking()
  table.enter(0, 5)
  const first = table.waitUntilUnread(5)
  first.next()
  expect(() => table.waitUntilUnread(5).next()).toThrow(InvariantError)
  table.leave(0)
  expect(first.next().done).toBe(true)
})

test('a writer that is ended while it waits leaves its place to the next', async () => {
  const table = tracking()
  table.enter(0, 5)
  const gone = table.waitUntilUnread(5)
  gone.next()
  expect(() => gone.throw(new Error('cancelled'))).toThrow('cancelled')
  const { over } = writer(table, 5)
  table.leave(0)
  await over
})

test('a writer goes on under a scheduler without a turn of the event loop', () => {
  const table = tracking()
  table.enter(0, 5)
  const scheduler = new Scheduler()
  const task = scheduler.add('writer', table.waitUntilUnread(5))
  task.resume()
  expect(task.state).toBe('waiting')
  expect(task.wait?.on).toEqual({ object: 'read-tracking', kind: 'acquire', start: 5, end: 6 })
  table.leave(0)
  expect(task.state).toBe('runnable')
  task.resume()
  expect(task.state).toBe('done')
})
