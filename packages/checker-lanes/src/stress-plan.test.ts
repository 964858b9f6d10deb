import { OutOfRangeError } from '@bttkit/interfaces'
import { expect, test } from 'vitest'
import { cpuOf, ownLba, partOf, planStress, windowSectors, type StressOptions } from './stress-plan.ts'

const device = { sectorSize: 512, sectorCount: 1000, metadataSize: 0, readOnly: false }
const options: StressOptions = { seed: 1, tasks: 8, workers: 2, readers: 0, cpus: 4 }

test('the sectors of all and those of each task lie one after the other', () => {
  const plan = planStress(device, 1000, options)
  expect([plan.firstLba, windowSectors(plan)]).toEqual([0, 4 + 2 + 16 * 4])
  expect([0, 1, 15].map((task) => ownLba(plan, task))).toEqual([6, 10, 66])
})

test('tasks of all workers meet in each parted sector, and no two parts overlap', () => {
  const plan = planStress(device, 1000, options)
  expect([0, 1, 2, 15].map((task) => partOf(plan, task))).toEqual([
    { lba: 4, start: 0, length: 64 },
    { lba: 5, start: 0, length: 64 },
    { lba: 4, start: 64, length: 64 },
    { lba: 5, start: 448, length: 64 },
  ])
})

test('a part has a whole unit, also where few find room in a sector', () => {
  const plan = planStress({ ...device, sectorSize: 70 }, 1000, options)
  expect(plan.partedCount).toBe(8)
  expect(partOf(plan, 15)).toEqual({ lba: 11, start: 32, length: 32 })
})

test('on several arenas they lie about the border of the first two', () => {
  expect(planStress(device, 500, options).firstLba).toBe(500 - 35)
  expect(planStress(device, 999, options).firstLba).toBe(1000 - 70)
  expect(planStress(device, 10, options).firstLba).toBe(0)
})

test('neighbours share a CPU, and all CPUs have tasks', () => {
  const cpus = (tasks: number, cpuCount: number): number[] =>
    Array.from({ length: tasks }, (_, task) => cpuOf({ tasks, workers: 1, cpus: cpuCount }, task))
  expect(cpus(8, 4)).toEqual([0, 0, 1, 1, 2, 2, 3, 3])
  expect(cpus(3, 2)).toEqual([0, 0, 1])
  expect(cpus(2, 4)).toEqual([0, 2])
})

test.each([
  [{ tasks: 0 }],
  [{ workers: 0 }],
  [{ workers: 127 }],
  [{ tasks: 2049 }],
  [{ readers: 17 }],
  [{ cpus: 0 }],
  [{ seed: -1 }],
  [{ seed: 0.5 }],
  [{ operationLimit: 0 }],
])('%o is refused', (wrong) => {
  expect(() => planStress(device, 1000, { ...options, ...wrong })).toThrow(TypeError)
})

test('a device that is too small is refused, and sectors without room for a unit', () => {
  expect(() => planStress({ ...device, sectorCount: 69 }, 69, options)).toThrow(/need 70 sectors/)
  expect(() => planStress({ ...device, sectorSize: 31 }, 1000, options)).toThrow(OutOfRangeError)
  expect(planStress({ ...device, sectorCount: 70 }, 70, options).firstLba).toBe(0)
})
