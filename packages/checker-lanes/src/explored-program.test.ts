import { expect, test } from 'vitest'
import { SECTOR_BYTES } from './explored-image.ts'
import { smallerPrograms, type DeviceProgram } from './explored-program.ts'
import { sectors } from './lane-scenarios.ts'

const program: DeviceProgram = {
  name: 'three tasks',
  lanes: { table: 'mutex', laneCount: 2, hints: [4, 5, 6] },
  tasks: [[sectors('read', 3)], [sectors('write', 4, 2, 1), sectors('zero', 20)], [sectors('read', 5)]],
}

test('a program gets smaller by a task, with its hint; an operation; a part of one; a lane', () => {
  const seen = [...smallerPrograms(program)]
  const [, second] = program.tasks
  expect(seen.slice(0, 3).map(({ tasks, lanes }) => [tasks.length, lanes.hints])).toEqual([
    [2, [5, 6]],
    [2, [4, 6]],
    [2, [4, 5]],
  ])
  expect(seen.slice(3, -1).map(({ tasks }) => tasks[1])).toEqual([
    [sectors('zero', 20)],
    [sectors('write', 4, 1, 1), sectors('zero', 20)],
    [sectors('write', 5, 1, 1), sectors('zero', 20)],
    [sectors('zero', 4, 2), sectors('zero', 20)],
    second?.slice(0, 1),
  ])
  expect(seen.at(-1)?.lanes.laneCount).toBe(1)
})

test('it comes to an end', () => {
  let left = program
  let rounds = 0
  for (let next: DeviceProgram | undefined = left; next !== undefined; rounds++) {
    left = next
    expect(rounds).toBeLessThan(20)
    ;[next] = smallerPrograms(left)
  }
  expect(left.tasks.flat()).toEqual([sectors('read', 5)])
})

test('a part of a sector is not made smaller', () => {
  const half = { ...sectors('write', 3, 1, 1), length: SECTOR_BYTES / 2 }
  const tiny: DeviceProgram = { name: 'half', lanes: { table: 'mutex', laneCount: 1 }, tasks: [[half]] }
  expect([...smallerPrograms(tiny)]).toEqual([])
})
