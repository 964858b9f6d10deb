import { describe, expect, test } from 'vitest'
import { checkCrashes } from './check-crashes.ts'
import { engine, smallImage, withoutFlushOf } from './crash-check.test-support.ts'
import {
  formatCrashFile,
  isCrashFile,
  parseCrashFile,
  replayWorkloadCase,
  type CrashFile,
  type CrashWorkloadCase,
} from './crash-replay-file.ts'

const OVERLAPPING: CrashFile = {
  kind: 'overlapping',
  found: {
    program: {
      model: 'px86',
      lanes: { table: 'mutex', laneCount: 2, policy: 'static', cpuCount: 1 },
      tasks: [
        [
          { kind: 'write', lba: 3, count: 2, value: 255 },
          { kind: 'zero', lba: 0, count: 1 },
          { kind: 'flush' },
        ],
        [
          { kind: 'write-bytes', offset: 100, length: 50, value: 0 },
          { kind: 'zero-bytes', offset: 0, length: 1 },
          { kind: 'read', lba: 3, count: 1 },
          { kind: 'read-bytes', offset: 7, length: 9 },
        ],
      ],
    },
    schedule: 'A12 B3',
    powerFailure: { point: 4, choices: [{ unit: 64, version: 1 }] },
    problem: 'power failure after 15 calls: it is gone',
  },
}

const IN_TURN: CrashFile = {
  kind: 'in turn',
  found: {
    model: 'buffered',
    workload: [{ kind: 'write', lba: 3, count: 1, value: 1 }],
    operationsAfterwards: [{ kind: 'zero', lba: 3, count: 1 }],
    writesThrough: true,
    afterDeath: false,
    point: 3,
    choices: [{ unit: 0, version: 1 }],
    recovery: { point: 0, choices: [] },
    problem: 'power failure in operation 0: it is gone',
  },
}

test.each([OVERLAPPING, IN_TURN])('what is written is read: $kind', (file) => {
  const text = formatCrashFile(file)
  expect(isCrashFile(text)).toBe(true)
  expect(parseCrashFile(text)).toEqual(file)
})

test('optional fields may be absent', () => {
  const { powerFailure: _, ...found } = OVERLAPPING.found
  const file: CrashFile = { kind: 'overlapping', found }
  expect(parseCrashFile(formatCrashFile(file))).toEqual(file)
})

test('fields that a violation has besides are left out', () => {
  const violation = { ...IN_TURN.found, operation: 0 }
  expect(parseCrashFile(formatCrashFile({ kind: 'in turn', found: violation }))).toEqual(IN_TURN)
})

describe('refused with a reason', () => {
  const text = formatCrashFile(OVERLAPPING)

  test.each<[string, string | RegExp, string, RegExp]>([
    ['no JSON', '{', '', /not JSON$/],
    ['another kind', 'under a schedule', 'under', /: kind: /],
    ['another version', '"version": 1', '"version": 2', /: version: /],
    ['a model that there is not', 'px86', 'constructor', /: model: /],
    ['a key that nobody knows', '"version"', '"__proto": 1, "version"', /: __proto: /],
    ['a key of an operation that nobody knows', '"lba": 3', '"lbas": 1, "lba": 3', /: tasks\.0\.0\.lbas: /],
    ['an operation that there is not', '"kind": "zero"', '"kind": "erase"', /: tasks\.0\.1\.kind: /],
    ['an LBA that is none', '"lba": 3', '"lba": -1', /: tasks\.0\.0\.lba: /],
    ['an LBA that is no whole number', '"lba": 3', '"lba": 3.5', /: tasks\.0\.0\.lba: /],
    ['an LBA as text', '"lba": 3', '"lba": "3"', /: tasks\.0\.0\.lba: /],
    ['too many sectors', '"count": 2', '"count": 1e9', /: tasks\.0\.0\.count: /],
    ['no sectors', '"count": 2', '"count": 0', /: tasks\.0\.0\.count: /],
    ['too many bytes', '"length": 50', '"length": 9007199254740991', /: tasks\.1\.0\.length: /],
    ['a value that is no byte', '255', '256', /: tasks\.0\.0\.value: /],
    ['no lanes', '"laneCount": 2', '"laneCount": 0', /: lanes\.laneCount: /],
    ['a policy that there is not', 'static', 'any', /: lanes\.policy: /],
    ['a schedule that is none', 'A12 B3', 'A12 b3', /: schedule: is not a schedule/],
    ['a schedule without an end', 'A12 B3', 'A9999999', /: schedule: /],
    ['a moment before the first', '"point": 4', '"point": -4', /: powerFailure\.point: /],
    ['a choice that is none', '"unit": 64', '"unit": null', /: powerFailure\.choices\.0\.unit: /],
    ['a problem that is no text', /"problem": ".*"/, '"problem": []', /: problem: /],
    ['tasks that are no list', /"tasks": \[[^]*\],\n {2}"schedule"/, '"tasks": {}, "schedule"', /: tasks: /],
    ['more tasks than letters', '"tasks": [', `"tasks": [${'[],'.repeat(26)}`, /: tasks: /],
  ])('%s', (_, from, to, reason) => {
    const changed = text.replace(from, to)
    expect(changed).not.toBe(text)
    expect(() => parseCrashFile(changed)).toThrow(SyntaxError)
    expect(() => parseCrashFile(changed)).toThrow(reason)
  })

  test('more than a million characters', () => {
    expect(() => parseCrashFile(text + ' '.repeat(1_000_000))).toThrow('more than 1000000 characters')
  })

  test('a list, or nothing', () => {
    for (const other of ['[]', 'null', '7', '""']) expect(() => parseCrashFile(other)).toThrow(SyntaxError)
  })
})

test.each(['{}', '{"kind": 7}', '{"kind": "other"}', '[]', 'null', '{'])('%s is of another kind', (text) => {
  expect(isCrashFile(text)).toBe(false)
})

test('what checkCrashes finds is seen again from its file', () => {
  const image = smallImage(512)
  const workload = [{ kind: 'write', lba: 33, count: 1, value: 1 }] as const
  const wrong = withoutFlushOf('data')
  const { violations } = checkCrashes({ engine: wrong, image, model: 'px86', workload, limit: 20 })
  const [violation] = violations
  if (violation === undefined) throw new Error('nothing was found')
  const found: CrashWorkloadCase = { model: 'px86', workload, ...violation }
  const file = parseCrashFile(formatCrashFile({ kind: 'in turn', found }))
  if (file.kind !== 'in turn') throw new Error('another kind')
  expect(violation.problem).toContain(replayWorkloadCase(file.found, { engine: wrong, image }) ?? 'nothing')
  // With the flush nothing of it is in flight any more.
  expect(() => replayWorkloadCase(file.found, { engine, image })).toThrow(TypeError)
})
