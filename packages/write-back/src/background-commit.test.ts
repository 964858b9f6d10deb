import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { CommitFailedError } from '@bttkit/interfaces'
import { runBlocking } from '@bttkit/sleepable'
import { HeldDevice, fill } from './held-device.test-support.ts'
import { WriteBackDevice, type WriteBackOptions } from './index.ts'

const LIMIT_MS = 1000

let inner = new HeldDevice()

const open = (options: WriteBackOptions = {}): WriteBackDevice =>
  new WriteBackDevice(inner, { limitMs: LIMIT_MS, ...options })

beforeEach(() => {
  vi.useFakeTimers()
  inner = new HeldDevice()
})

afterEach(() => {
  vi.useRealTimers()
})

test('what has been in memory for long enough is committed by itself, counted from the first of it', async () => {
  const device = open()
  await device.write(3, fill(1))
  await vi.advanceTimersByTimeAsync(LIMIT_MS - 10)
  await device.write(4, fill(2))
  expect(inner.calls).toEqual([])
  await vi.advanceTimersByTimeAsync(10)
  expect(inner.calls).toEqual(['write 3+2'])
})

test('what is written during such a commit is committed by another one', async () => {
  const device = open()
  inner.isHeld = () => true
  await device.write(3, fill(1))
  await vi.advanceTimersByTimeAsync(LIMIT_MS)
  await device.write(3, fill(2))
  inner.isHeld = () => false
  const goOn = inner.letGo()
  await vi.advanceTimersByTimeAsync(LIMIT_MS + 1)
  await goOn
  expect(inner.calls).toEqual(['write 3+1', 'write 3+1'])
  expect(inner.byteOf(3)).toBe(2)
})

test('a commit begins at once when half of the memory is taken, and writers go on beside it', async () => {
  const device = open({ limitBytes: 8 * (512 + 128) })
  inner.isHeld = (call) => call.startsWith('write')
  await device.write(0, fill(1, 3))
  await vi.advanceTimersByTimeAsync(1)
  expect(inner.calls).toEqual([])
  await device.write(3, fill(1))
  await vi.advanceTimersByTimeAsync(1)
  expect(inner.calls).toEqual(['write 0+4'])
  await device.write(20, fill(2, 4))
})

test('a failure that nobody heard is told to the next writer, and nobody tries again before a flush does', async () => {
  const device = open()
  inner.failure = () => new Error('the disk')
  await device.write(3, fill(1))
  await vi.advanceTimersByTimeAsync(20 * LIMIT_MS)
  expect(inner.calls).toEqual(['write 3+1'])
  await expect(device.write(4, fill(1))).rejects.toThrow(CommitFailedError)
  inner.failure = () => undefined
  await device.flush()
  await device.write(4, fill(1))
  await vi.advanceTimersByTimeAsync(LIMIT_MS)
  expect(inner.calls).toEqual(['write 3+1', 'write 3+1', 'flush', 'write 4+1'])
})

test('after a close there is no commit any more', async () => {
  const device = open()
  await device.write(3, fill(1))
  await device.close()
  expect(vi.getTimerCount()).toBe(0)
})

test('also where it is closed during such a commit', async () => {
  const device = open()
  inner.isHeld = () => true
  await device.write(3, fill(1))
  await vi.advanceTimersByTimeAsync(LIMIT_MS)
  await device.write(4, fill(2))
  const close = device.close()
  inner.isHeld = () => false
  const goOn = inner.letGo()
  await vi.advanceTimersByTimeAsync(1)
  await Promise.all([goOn, close])
  expect(inner.calls).toEqual(['write 3+1', 'write 4+1', 'close'])
  expect(vi.getTimerCount()).toBe(0)
})

test('on a device that blocks, the next operation commits what has been in memory for too long', () => {
  const device = open({ blocking: true })
  runBlocking(device.sleepable.write(3, fill(1)))
  expect(vi.getTimerCount()).toBe(0)
  vi.advanceTimersByTime(LIMIT_MS - 1)
  runBlocking(device.sleepable.read(20, fill(0)))
  expect(inner.calls).toEqual(['read bytes 10240+512'])
  vi.advanceTimersByTime(1)
  runBlocking(device.sleepable.read(20, fill(0)))
  expect(inner.calls.slice(1)).toEqual(['write 3+1', 'read bytes 10240+512'])
})

test('there a reader is not told of a failure, and the next writer is', () => {
  const device = open({ blocking: true })
  inner.failure = (call) => (call.startsWith('write') ? new Error('the disk') : undefined)
  runBlocking(device.sleepable.write(3, fill(1)))
  vi.advanceTimersByTime(LIMIT_MS)
  const target = fill(0)
  runBlocking(device.sleepable.read(3, target))
  expect(target).toEqual(fill(1))
  expect(() => runBlocking(device.sleepable.write(4, fill(1)))).toThrow(CommitFailedError)
})

test('who blocks without having said so is served by a timer that blocks, too', async () => {
  const device = open()
  device.blocking.write(3, fill(1))
  await vi.advanceTimersByTimeAsync(LIMIT_MS)
  expect(inner.calls).toEqual(['write 3+1'])
})
