import { expect, test } from 'vitest'
import { cpuOf, ownLba, planStress, windowSectors, type StressOptions } from './stress-plan.ts'

const device = { sectorSize: 512, sectorCount: 1000, metadataSize: 0, readOnly: false }
const options: StressOptions = { seed: 1, tasks: 8, workers: 2, readers: 0, cpus: 4 }

test('the sectors of all and those of each task lie one after the other', () => {
  const plan = planStress(device, 1000, options)
  expect([plan.firstLba, windowSectors(plan)]).toEqual([0, 8 + 16 * 4])
  expect([0, 1, 15].map((task) => ownLba(plan, task))).toEqual([8, 12, 68])
})

test('on several arenas they lie about the border of the first two', () => {
  expect(planStress(device, 500, options).firstLba).toBe(500 - 36)
  expect(planStress(device, 999, options).firstLba).toBe(1000 - 72)
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
  expect(() => planStress({ ...device, sectorCount: 71 }, 71, options)).toThrow(/need 72 sectors/)
  expect(() => planStress({ ...device, sectorSize: 31 }, 1000, options)).toThrow(TypeError)
  expect(planStress({ ...device, sectorCount: 72 }, 72, options).firstLba).toBe(0)
})
