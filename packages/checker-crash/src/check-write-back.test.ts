import { describe, expect, test } from 'vitest'
import { checkWriteBack } from './index.ts'
import { engine, engineThatForgetsWrites, smallImage, withoutFlushOf } from './crash-check.test-support.ts'
import { HalfSectorHistory } from './half-sector-history.ts'

const IMAGE = smallImage(512, { nfree: 4 })

test.each(['buffered', 'px86'] as const)(
  '%s: whatever overlaps before a write-back cache, and whenever the power fails, readers and whoever comes afterwards find what they may',
  async (model) => {
    const result = await checkWriteBack({ engine, image: IMAGE, model, runs: 75 })
    expect(result.problem).toBeUndefined()
    expect(result.runs).toBe(75)
    expect(result.states).toBeGreaterThan(75)
  },
)

test.each([
  ['writes that are not made', engineThatForgetsWrites()],
  ['data that is not made durable', withoutFlushOf('data')],
])('finds %s, and the same run again by its seed', async (_, wrong) => {
  const options = { engine: wrong, image: IMAGE, model: 'buffered', runs: 75 } as const
  const { problem, seed } = await checkWriteBack(options)
  expect(problem).toContain('half sector')
  expect(await checkWriteBack({ ...options, runs: 1, seed })).toMatchObject({ problem, runs: 1 })
})

describe('of what is found in a half sector', () => {
  /** One change or flush after another, each over before the next. */
  function historyOf(...steps: readonly (number | 'flush')[]): HalfSectorHistory {
    const history = new HalfSectorHistory()
    for (const step of steps) {
      history.step()
      const span = step === 'flush' ? history.beginFlush() : history.beginChange([7], step)
      history.step()
      history.end(span)
    }
    history.step()
    return history
  }

  test('only the last change is right for who reads afterwards', () => {
    const history = historyOf(1, 2)
    expect(history.problem(7, 2, history.begin())).toBeUndefined()
    for (const value of [0, 1, 3])
      expect(history.problem(7, value, history.begin())).toContain('half sector 7')
    expect(history.problem(6, 0, history.begin())).toBeUndefined()
  })

  test('a reader may find any change that goes on beside it', () => {
    const history = historyOf(1)
    const reading = history.begin()
    history.beginChange([7], 2)
    for (const value of [1, 2]) expect(history.problem(7, value, reading)).toBeUndefined()
    expect(history.problem(7, 0, reading)).toBeDefined()
  })

  test('a power failure leaves what was there at the last flush, or anything since', () => {
    const history = historyOf(1, 2, 'flush', 3, 4)
    for (const value of [2, 3, 4]) expect(history.problemAfterFailure(7, value)).toBeUndefined()
    for (const value of [0, 1]) expect(history.problemAfterFailure(7, value)).toBeDefined()
  })

  test('a flush that is not over promises nothing', () => {
    const history = historyOf(1)
    history.beginFlush()
    expect(history.problemAfterFailure(7, 0)).toBeUndefined()
  })
})
