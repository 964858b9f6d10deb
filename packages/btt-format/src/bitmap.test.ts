import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Bitmap } from './index.ts'

const LIMIT = 200
const numbers = fc.uniqueArray(fc.nat(LIMIT - 1))

test('what was added is in it, and nothing else', () => {
  fc.assert(
    fc.property(numbers, (added) => {
      const bitmap = new Bitmap(LIMIT)
      for (const value of added) expect(bitmap.add(value)).toBe(true)
      for (const value of added) expect(bitmap.add(value)).toBe(false)
      const members = added.toSorted((a, b) => a - b)
      const absent = Array.from({ length: LIMIT }, (_, value) => value).filter(
        (value) => !added.includes(value),
      )
      expect([...bitmap.members()]).toEqual(members)
      expect([...bitmap.absent()]).toEqual(absent)
      expect(bitmap.countAbsent()).toBe(absent.length)
    }),
  )
})

test('a range is added like its numbers, one by one', () => {
  fc.assert(
    fc.property(numbers, fc.nat(LIMIT), fc.nat(LIMIT), (added, start, end) => {
      const [whole, single] = [new Bitmap(LIMIT), new Bitmap(LIMIT)]
      for (const value of added) {
        whole.add(value)
        single.add(value)
      }
      const again: number[] = []
      whole.addRange(start, end, (value) => again.push(value))
      const expected: number[] = []
      for (let value = start; value < end; value++) if (!single.add(value)) expected.push(value)
      expect(again).toEqual(expected)
      expect([...whole.members()]).toEqual([...single.members()])
    }),
  )
})
