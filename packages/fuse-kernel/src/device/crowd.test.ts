import { expect, test } from 'vitest'
import { Crowd, createCrowd, endCrowd } from './crowd.ts'

const STATE = 2
const QUIET = 0

/** A crowd with the requests of these callers, in turn, so many times. */
function crowdOf(callers: readonly number[], times: number) {
  const memory = createCrowd()
  const crowd = new Crowd(memory)
  for (let time = 0; time < times; time++) for (const caller of callers) crowd.note(caller)
  // What `wait` blocks on; in this state it would not return.
  const isQuiet = (): boolean => Atomics.load(new Int32Array(memory), STATE) === QUIET
  return { memory, crowd, isQuiet }
}

test('one program is no crowd, however much it asks', () => {
  const { crowd, isQuiet } = crowdOf([7], 10_000)
  expect(isQuiet()).toBe(true)
  expect(crowd.isGone).toBe(true)
})

test('two that ask in turn are one', () => {
  const { crowd } = crowdOf([7, 8], 50)
  expect(crowd.isGone).toBe(false)
  expect(crowd.wait()).toBe(true)
})

test('one program beside which another asks now and then is none', () => {
  const { isQuiet } = crowdOf([...Array.from({ length: 20 }, () => 7), 8], 100)
  expect(isQuiet()).toBe(true)
})

test('what the kernel asks by itself does not count', () => {
  const { isQuiet } = crowdOf([7, 0], 1000)
  expect(isQuiet()).toBe(true)
})

test('a crowd is gone when one program has asked alone for long', () => {
  const { crowd } = crowdOf([7, 8], 1000)
  for (let request = 0; request < 200; request++) crowd.note(8)
  expect(crowd.isGone).toBe(false)
  for (let request = 0; request < 100; request++) crowd.note(8)
  expect(crowd.isGone).toBe(true)
})

test('who waits is let go when it is over', () => {
  const { memory, crowd } = crowdOf([7], 10)
  endCrowd(memory)
  expect(crowd.wait()).toBe(false)
  for (let request = 0; request < 1000; request++) crowd.note(request + 1)
  expect(crowd.wait()).toBe(false)
})
