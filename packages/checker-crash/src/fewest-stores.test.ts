import { expect, test } from 'vitest'
import type { UnitFate } from '@bttkit/pmem-power-fail'
import { fewestStores, storesIn } from './fewest-stores.ts'

const FOUND: UnitFate[] = [
  { unit: 0, version: 0 },
  { unit: 64, version: 5 },
  { unit: 128, version: 3 },
  { unit: 192, version: 1 },
]
const versionOf = (choices: readonly UnitFate[], unit: number): number =>
  choices.find((choice) => choice.unit === unit)?.version ?? 0

test('the more of a unit survives, the more it counts', () => {
  expect([FOUND, FOUND.slice(2), []].map(storesIn)).toEqual([9, 4, 0])
})

test('what makes no difference does not survive', () => {
  expect(fewestStores(FOUND, () => true)).toEqual([])
})

test('of what does, as little as will do', () => {
  const isWrong = (choices: readonly UnitFate[]): boolean =>
    versionOf(choices, 64) >= 2 && versionOf(choices, 192) === 1
  expect(fewestStores(FOUND, isWrong)).toEqual([
    { unit: 192, version: 1 },
    { unit: 64, version: 2 },
  ])
})

test('where all of it is needed, it stays as it is', () => {
  const isWrong = (choices: readonly UnitFate[]): boolean => storesIn(choices) === 9
  expect(fewestStores(FOUND, isWrong)).toEqual(FOUND.slice(1))
})

test('each choice that is tried is one of the power failure', () => {
  fewestStores(FOUND, (choices) => {
    for (const { unit, version } of choices) expect(version).toBeLessThanOrEqual(versionOf(FOUND, unit))
    return false
  })
})
