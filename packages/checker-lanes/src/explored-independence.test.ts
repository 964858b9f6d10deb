import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Scenario } from './explore-scenario.ts'
import { explore } from './explore.ts'
import { deviceScenario, type DeviceScenarioOptions } from './explored-device.ts'
import { ExploredImage } from './explored-image.ts'
import { pairOf } from './explored-pairs.test-support.ts'
import { expectSwapsToBeTheSame, observed } from './explored-swaps.test-support.ts'
import { partsWith, sectors, sharedParts } from './lane-scenarios.ts'

const image = new ExploredImage()

const partsOf = {
  mutex: () => partsWith('mutex'),
  shared: sharedParts,
  'recursion-count': () => partsWith('recursion-count', { cpuCount: 2 }),
}

const observedDevice = (options: DeviceScenarioOptions, onEnd: (outcome: string) => void): Scenario =>
  observed(
    image,
    (storage) =>
      deviceScenario(image, { ...options, makeParts: () => ({ ...options.makeParts(), storage }) }),
    onEnd,
  )

test('of a zeroing and a read nothing that can happen is left out', async () => {
  const outcomesOf = async (maxPreemptions?: number): Promise<Set<string>> => {
    const outcomes = new Set<string>()
    const makeParts = partsOf.mutex
    const options = { name: 'zero, read', tasks: pairOf('zero, read'), laneCount: 2, makeParts }
    const scenario = observedDevice(options, (outcome) => outcomes.add(outcome))
    const result = await explore(scenario, { maxPreemptions })
    expect(result.isExhaustive).toBe(true)
    return outcomes
  }
  const outcomes = await outcomesOf()
  expect(outcomes).toEqual(await outcomesOf(Infinity))
  // The old content or zeros, by two looks at the map that agree or do not.
  expect(outcomes.size).toBeGreaterThan(2)
})

const operation = fc.record({
  kind: fc.constantFrom('write' as const, 'zero' as const, 'read' as const),
  lba: fc.constantFrom(3, 4, 20),
  count: fc.constantFrom(1, 1, 2),
})

const programs = fc.record({
  tasks: fc.array(fc.array(operation, { minLength: 1, maxLength: 2 }), { minLength: 2, maxLength: 3 }),
  laneCount: fc.constantFrom(1, 2, 3),
  lanes: fc.constantFrom('mutex' as const, 'shared' as const, 'recursion-count' as const),
  choices: fc.array(fc.nat(5), { minLength: 40, maxLength: 40 }),
})

test('steps that count as independent can change places: everything else stays as it was', () => {
  let swaps = 0
  fc.assert(
    fc.property(programs, ({ tasks, laneCount, lanes, choices }) => {
      let fill = 0
      let outcome = ''
      const scenario = observedDevice(
        {
          name: 'random',
          tasks: tasks.map((ofTask) =>
            ofTask.map(({ kind, lba, count }) => sectors(kind, lba, count, ++fill)),
          ),
          laneCount,
          hints: [0, 0, 1],
          makeParts: partsOf[lanes],
        },
        (seen) => (outcome = seen),
      )
      swaps += expectSwapsToBeTheSame(scenario, choices, () => outcome)
    }),
    { numRuns: 100 },
  )
  expect(swaps).toBeGreaterThan(500)
})
