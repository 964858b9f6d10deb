import { expect, test } from 'vitest'
import { ExploredImage } from './explored-image.ts'
import type { DeviceProgram } from './explored-program.ts'
import { sectors } from './lane-scenarios.ts'
import { formatReplayFile, parseReplayFile, runReplayFile, type ReplayFile } from './replay-file.ts'

const program: DeviceProgram = {
  name: 'two zeroings',
  lanes: { table: 'recursion-count', laneCount: 1, policy: 'static', hints: [0, 0], cpuCount: 2 },
  tasks: [[sectors('zero', 3)], [sectors('zero', 20), sectors('write', 4, 1, 7)]],
}
const file: ReplayFile = { program, schedule: 'A4 B6 A2', problem: 'it was wrong' }

test('what was written is read as it was', () => {
  expect(parseReplayFile(formatReplayFile(file))).toEqual(file)
})

/** The file with one value in another place. */
function changed(path: readonly (string | number)[], value: unknown): string {
  const whole: unknown = JSON.parse(formatReplayFile(file))
  let at: unknown = whole
  for (const key of path.slice(0, -1)) at = Reflect.get(Object(at), key)
  Reflect.set(Object(at), path.at(-1) ?? '', value)
  return JSON.stringify(whole)
}

test.each<[string, readonly (string | number)[], unknown]>([
  ['version is not 1', ['version'], 2],
  ['it.code is not known', ['code'], 'x'],
  ['scenario is not an object', ['scenario'], []],
  ['scenario.tasks is not a list of up to 26', ['scenario', 'tasks'], Array.from({ length: 27 }, () => [])],
  ['scenario.tasks[1] is not a list', ['scenario', 'tasks', 1], 'all'],
  ['scenario.tasks[1][0].kind is not one of write, zero, read', ['scenario', 'tasks', 1, 0, 'kind'], 'trim'],
  ['scenario.tasks[0][0].offset is not a whole number', ['scenario', 'tasks', 0, 0, 'offset'], -1],
  ['scenario.tasks[0][0].length is not a whole number', ['scenario', 'tasks', 0, 0, 'length'], 2 ** 40],
  ['scenario.tasks[1][1].fill is not a whole number', ['scenario', 'tasks', 1, 1, 'fill'], 8],
  ['scenario.tasks[0][0].mayBeLost is not true or false', ['scenario', 'tasks', 0, 0, 'mayBeLost'], 'yes'],
  ['lanes.table is not a text', ['lanes', 'table'], 3],
  ['lanes.laneCount is not a whole number', ['lanes', 'laneCount'], 1e9],
  ['lanes.hints[1] is not a whole number', ['lanes', 'hints', 1], 0.5],
  ['lanes.policy is not one of', ['lanes', 'policy'], 'best'],
  ['"A0" is no part of a schedule', ['schedule'], 'A0'],
  ['a schedule has up to 1000000 steps', ['schedule'], 'A9999999'],
  ['problem is not a text', ['problem'], undefined],
])('refused: %s', (message, path, value) => {
  expect(() => parseReplayFile(changed(path, value))).toThrow(SyntaxError)
  expect(() => parseReplayFile(changed(path, value))).toThrow(message)
})

test.each(['', '{', 'null', '[]', '"A2"', ' '.repeat(1_000_001)])('%.9j is refused', (text) => {
  expect(() => parseReplayFile(text)).toThrow(/^this is no replay file/)
})

const image = new ExploredImage()

test('a file runs again as it ran', () => {
  const { problem, isComplete, steps } = runReplayFile(image, file)
  expect(problem).toBe(undefined)
  expect([isComplete, steps.length]).toEqual([false, 12])
})

test.each(['spinning', '__proto__', 'constructor'])(
  'a lane table "%s" that nobody knows is refused',
  (table) => {
    const unknown = { ...file, program: { ...program, lanes: { ...program.lanes, table } } }
    expect(() => runReplayFile(image, unknown)).toThrow(`there is no lane table "${table}" here`)
  },
)

test('a schedule that does not fit the program is refused', () => {
  expect(() => runReplayFile(image, { ...file, schedule: 'A40' })).toThrow(/does not fit/)
})
