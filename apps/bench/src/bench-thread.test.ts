import { expect, onTestFinished, test } from 'vitest'
import { BenchThread } from './bench-thread.ts'

function start(mood: string): BenchThread<number, number> {
  const thread = new BenchThread<number, number>('moody-thread.test-support', mood)
  onTestFinished(() => thread.end())
  return thread
}

test('a thread answers one question after the other', async () => {
  const thread = start('answers')
  expect([await thread.ask(3), await thread.ask(4)]).toEqual([6, 8])
})

test.each([
  ['fails', 'it cannot'],
  ['throws', 'it does not even start'],
  ['ends', 'a measuring thread ended'],
])('a thread that %s is a failure for who asks, and for who asks later', async (mood, message) => {
  const thread = start(mood)
  await expect(thread.ask(1)).rejects.toThrow(message)
  await expect(thread.ask(2)).rejects.toThrow(message)
})
