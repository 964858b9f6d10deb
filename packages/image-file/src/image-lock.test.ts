/** By calls that are made up. That flock(2) and flock(1) do it on real files is tested with the providers that use it. */
import { closeSync, openSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { ImageLockedError } from '@bttkit/interfaces'
import { ImageLock, type LockCalls } from './image-lock.ts'

// LOCK_SH, LOCK_EX and LOCK_NB of flock(2).
const SHARED = 1 | 4
const EXCLUSIVE = 2 | 4

function lockWith(calls: LockCalls): ImageLock {
  const fd = openSync(fileURLToPath(import.meta.url), 'r')
  onTestFinished(() => closeSync(fd))
  return new ImageLock(fd, 'disk.img', calls)
}

/** A lock whose calls answer one after the other, and the operations that they were asked for. */
function lockAnswering(...answers: (string | undefined)[]): { lock: ImageLock; operations: number[] } {
  const operations: number[] = []
  const flock = (_fd: number, operation: number): string | undefined => {
    operations.push(operation)
    return answers[operations.length - 1]
  }
  return { lock: lockWith({ native: { flock } }), operations }
}

test('it never waits, and asks for a mode that it has no second time', () => {
  const { lock, operations } = lockAnswering()
  lock.take('shared')
  lock.take('shared')
  lock.take('exclusive')
  expect(operations).toEqual([SHARED, EXCLUSIVE])
})

test('a refused change takes the old mode again', () => {
  const { lock, operations } = lockAnswering(undefined, 'EAGAIN')
  lock.take('shared')
  expect(() => lock.take('exclusive')).toThrow(ImageLockedError)
  expect(operations).toEqual([SHARED, EXCLUSIVE, SHARED])
})

test('an old mode that is lost meanwhile is asked for anew', () => {
  const { lock, operations } = lockAnswering(undefined, 'EAGAIN', 'EAGAIN')
  lock.take('shared')
  expect(() => lock.take('exclusive')).toThrow(ImageLockedError)
  lock.take('shared')
  expect(operations).toEqual([SHARED, EXCLUSIVE, SHARED, SHARED])
})

test('a file that cannot be locked is no refusal', () => {
  const { lock } = lockAnswering('ENOLCK')
  const failure = expect.objectContaining({ code: 'BTT_PROVIDER_IO', errno: 'ENOLCK' })
  expect(() => lock.take('shared')).toThrow(failure)
})

test('without native calls flock(1) takes it', () => {
  const commands: string[] = []
  const run: LockCalls['run'] = (program, args) => {
    commands.push([program, ...args].join(' '))
    return { exitCode: commands.length === 1 ? 0 : 1, stderr: '' }
  }
  const lock = lockWith({ native: undefined, run })
  lock.take('exclusive')
  expect(() => lock.take('shared')).toThrow(ImageLockedError)
  expect(commands).toEqual(['flock -x -n 3', 'flock -s -n 3', 'flock -x -n 3'])
})

test.each([
  ['without', { native: undefined }],
  ['with a failing', { native: undefined, run: () => ({ exitCode: 66, stderr: 'bad file' }) }],
] satisfies [string, LockCalls][])('without native calls, and %s flock(1), it fails', (_what, calls) => {
  expect(() => lockWith(calls).take('exclusive')).toThrow('neither koffi nor flock(1)')
})
