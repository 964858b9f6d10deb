import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { LaneTable, PmemProvider } from '@bttkit/interfaces'
import { exploreDeaths } from './explore-deaths.ts'
import type { Scenario } from './explore-scenario.ts'
import { deathScenario, mortalParts, type DeathProgram } from './explored-deaths.ts'
import type { ExploredParts } from './explored-device.ts'
import { ExploredImage } from './explored-image.ts'
import { pairOf } from './explored-pairs.test-support.ts'
import { observed, expectSwapsToBeTheSame } from './explored-swaps.test-support.ts'
import { OPERATION_PAIRS, sectors } from './lane-scenarios.ts'

const image = new ExploredImage()

const WRITE = [sectors('write', 3, 1, 1)]
const ANOTHER_WRITE = [sectors('write', 3, 1, 2)]
const READ = [sectors('read', 3)]
const HALF = [{ ...sectors('write', 3, 1, 1), length: 256 }]

const RIGHT = { isExhaustive: true, finding: undefined }

/** Those in which a survivor and a recovery meet in more ways than over one lane. */
const OVER_TWO_LANES = [
  'write, write of one LBA',
  'write, read',
  'zero, read',
  'write of a part, read',
  'write of two sectors, read of the first',
]

test.each([
  ...Object.keys(OPERATION_PAIRS).map((name) => ({ name, laneCount: 1 })),
  ...OVER_TWO_LANES.map((name) => ({ name, laneCount: 2 })),
])('$name, lanes: $laneCount: wherever the first one dies, nothing is lost', async ({ name, laneCount }) => {
  const found = await exploreDeaths(image, { name, tasks: pairOf(name), laneCount }, [{ task: 0 }])
  expect(found).toMatchObject(RIGHT)
  expect(found.moments).toBeGreaterThan(5)
})

test('a write has eleven moments at which its thread can die', async () => {
  // In the gate, in its lane, the data, the map lock, half 0, half 1, the map entry, the free list, the map lock again, the lane again, out of the gate.
  const program = { name: 'alone', tasks: [WRITE], laneCount: 2 }
  expect((await exploreDeaths(image, program, [{ task: 0 }])).moments).toBe(11)
})

test('a write of two sectors, over two map lines, has eighteen moments', async () => {
  // In the gate, in a lane, in another, the data of both, a map lock, another, two halves for each, a map entry each, the free lists, the locks and lanes again, out of the gate.
  const program = { name: 'alone', tasks: [[sectors('write', 15, 2, 1)]], laneCount: 2 }
  expect(await exploreDeaths(image, program, [{ task: 0 }])).toMatchObject({ ...RIGHT, moments: 18 })
})

test('two threads that find the same dead one do not get in each other’s way, and not in that of a third', async () => {
  const program = { name: 'two join', tasks: [HALF], newcomers: 2, laneCount: 1 }
  expect(await exploreDeaths(image, program, [{ task: 0 }])).toMatchObject(RIGHT)
  const beside = { name: 'one joins, one reads', tasks: [WRITE, READ], newcomers: 1, laneCount: 1 }
  const { executions, ...found } = await exploreDeaths(image, beside, [{ task: 0 }])
  expect(found).toMatchObject(RIGHT)
  expect(executions).toBeGreaterThan(200)
})

test('who recovers may die at each of its steps: another does it again', async () => {
  const program = { name: 'a chain', tasks: [READ], newcomers: 2, laneCount: 1 }
  const found = await exploreDeaths(image, program, [{ task: 0 }, { task: 1, inRecovery: true }])
  expect(found).toMatchObject(RIGHT)
  // Several for each death of the reader, of which there are six.
  expect(found.moments).toBeGreaterThan(12)
})

test('where a map entry can be torn between threads, readers look under the map lock', async () => {
  const makeParts = (): ExploredParts => ({ ...mortalParts(), storage: tearing })
  const reader = { name: 'torn', tasks: [READ, [sectors('zero', 3)]], laneCount: 2 }
  expect(await exploreDeaths(image, reader, [{ task: 0 }], { makeParts })).toMatchObject(RIGHT)
})

function tearing(memory: PmemProvider): PmemProvider {
  const capabilities = { ...memory.capabilities, atomicAccessBytes: 0 }
  return {
    name: memory.name,
    size: memory.size,
    readOnly: false,
    capabilities,
    read: (offset, target) => memory.read(offset, target),
    write: (offset, source) => memory.write(offset, source),
    flush: () => memory.flush(),
    close: () => memory.close(),
  }
}

describe('parts that are wrong', () => {
  const lanes = (change: (right: LaneTable) => Partial<LaneTable>): (() => ExploredParts) => {
    return () => {
      const right = mortalParts()
      const laneTable: ExploredParts['laneTable'] = (words, options) => {
        const table = right.laneTable(words, options)
        return Object.assign(table, change(table))
      }
      return { ...right, laneTable }
    }
  }

  const find = async (makeParts: () => ExploredParts, program: Omit<DeathProgram, 'deaths'>) => {
    const { finding } = await exploreDeaths(image, program, [{ task: 0 }], { makeParts })
    return finding?.problem
  }
  const twoWriters = { name: 'two writers', tasks: [WRITE, ANOTHER_WRITE], laneCount: 1 }

  test('lanes of the dead that nobody finds', async () => {
    const makeParts = lanes(() => ({ lanesOf: () => [] }))
    expect(await find(makeParts, twoWriters)).toMatch(/^deadlock: write waits for lane 0/)
    expect(await find(makeParts, { ...twoWriters, laneCount: 2 })).toMatch(/^lane 0 is in use/)
  })

  test('map locks of the dead that nobody finds', async () => {
    const makeParts = (): ExploredParts => {
      const right = mortalParts()
      const lockTable: ExploredParts['lockTable'] = (words, thread) =>
        Object.assign(right.lockTable(words, thread), { locksOf: () => [] })
      return { ...right, lockTable }
    }
    expect(await find(makeParts, twoWriters)).toMatch(/^deadlock: write waits for map-lock 0/)
  })

  test('a read-tracking entry that a lane keeps', async () => {
    const makeParts = (): ExploredParts => {
      const right = mortalParts()
      const readTracking: ExploredParts['readTracking'] = (words, thread) =>
        Object.assign(right.readTracking(words, thread), { leave: () => {} })
      return { ...right, readTracking }
    }
    expect(await find(makeParts, { name: 'a reader', tasks: [READ], laneCount: 1 })).toMatch(
      /^read-tracking entry 0 is in use/,
    )
  })
})

const operation = fc.record({
  kind: fc.constantFrom('write' as const, 'zero' as const, 'read' as const),
  lba: fc.constantFrom(3, 4, 20),
  count: fc.constantFrom(1, 2),
})

const programs = fc.record({
  tasks: fc.array(operation, { minLength: 2, maxLength: 3 }),
  newcomers: fc.constantFrom(0, 1, 2),
  laneCount: fc.constantFrom(1, 2),
  events: fc.tuple(fc.integer({ min: 1, max: 11 }), fc.integer({ min: 1, max: 11 })),
  choices: fc.array(fc.nat(5), { minLength: 40, maxLength: 40 }),
})

test('steps of threads that die and recover count as independent only if they can change places', () => {
  let swaps = 0
  fc.assert(
    fc.property(programs, ({ tasks, newcomers, laneCount, events, choices }) => {
      const [first, second] = events
      let outcome = ''
      const program: DeathProgram = {
        name: 'random',
        tasks: tasks.map(({ kind, lba, count }, index) => [sectors(kind, lba, count, index + 1)]),
        newcomers,
        laneCount,
        deaths: [
          { task: 0, event: first },
          { task: 1, event: second, inRecovery: true },
        ],
      }
      const makeScenario = (storage: (memory: PmemProvider) => PmemProvider): Scenario =>
        deathScenario(image, program, { makeParts: () => ({ ...mortalParts(), storage }) })
      const scenario = observed(image, makeScenario, (seen) => (outcome = seen))
      swaps += expectSwapsToBeTheSame(scenario, choices, () => outcome)
    }),
    { numRuns: 25 },
  )
  expect(swaps).toBeGreaterThan(75)
})
