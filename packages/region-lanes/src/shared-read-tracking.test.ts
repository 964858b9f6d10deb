import { LaneMisuseError } from '@bttkit/interfaces'
import { Scheduler, runAsync } from '@bttkit/sleepable'
import { expect, test } from 'vitest'
import { SharedReadTracking } from './index.ts'
import { NEVER_MS, place, sharedWords, turn } from './threads.test-support.ts'

const tracking = (lanes = 4, words = sharedWords(lanes)): SharedReadTracking =>
  new SharedReadTracking(words, place(), NEVER_MS)

function writer(table: SharedReadTracking, block: number): { waits: () => boolean; over: Promise<void> } {
  let waits = true
  const over = runAsync(table.waitUntilUnread(block)).then(() => void (waits = false))
  return { waits: () => waits, over }
}

test('words that no other thread can see are refused', () => {
  expect(() => new SharedReadTracking(new Int32Array(2))).toThrow(LaneMisuseError)
})

test.each([0, 1, 2 ** 30 - 1])('block %i is read from the first enter to the last leave', (block) => {
  const table = tracking()
  expect([table.isRead(block), table.anyRead()]).toEqual([false, false])
  table.enter(0, block)
  table.enter(3, block)
  table.leave(0)
  expect([table.isRead(block), table.isRead(block ^ 1), table.anyRead()]).toEqual([true, false, true])
  table.leave(3)
  table.leave(3)
  expect([table.isRead(block), table.anyRead()]).toEqual([false, false])
})

test.each([0, 2 ** 30 - 1])('block %i is read also while a writer waits, and no other block is', (block) => {
  const table = tracking()
  table.enter(1, block)
  table.waitUntilUnread(block).next()
  expect([table.isRead(block), table.isRead(block ^ 1)]).toEqual([true, false])
  table.leave(1)
  expect(table.anyRead()).toBe(false)
})

test('a writer of an unread block does not wait', () => {
  const table = tracking()
  table.enter(0, 5)
  expect(table.waitUntilUnread(6).next()).toEqual({ done: true, value: undefined })
})

test('a writer waits until the last of several readers leaves', async () => {
  const table = tracking()
  for (const lane of [0, 1, 2]) table.enter(lane, 5)
  const { waits, over } = writer(table, 5)
  for (const lane of [0, 1]) {
    table.leave(lane)
    await turn()
    await turn()
    expect(waits()).toBe(true)
  }
  table.leave(2)
  await over
})

test('a writer goes on when the reader turns to another block', async () => {
  const table = tracking()
  table.enter(0, 5)
  const { over } = writer(table, 5)
  table.enter(0, 6)
  await over
  expect(table.isRead(6)).toBe(true)
})

test('writers of one block all go on, also when the first of them went away', async () => {
  const table = tracking()
  table.enter(0, 5)
  const gone = table.waitUntilUnread(5)
  void Promise.resolve(gone.next().value)
  await Promise.resolve()
  const others = [writer(table, 5).over, writer(table, 5).over]
  await turn()
  gone.return()
  table.leave(0)
  await Promise.all(others)
})

test('a writer goes on under a scheduler without a turn of the event loop', () => {
  const table = tracking()
  table.enter(0, 5)
  const task = new Scheduler().add('writer', table.waitUntilUnread(5))
  task.resume()
  expect(task.wait?.on).toEqual({ object: 'read-tracking', kind: 'acquire', start: 5, end: 6 })
  expect(task.state).toBe('waiting')
  table.leave(0)
  expect(task.state).toBe('runnable')
  task.resume()
  expect(task.state).toBe('done')
})
