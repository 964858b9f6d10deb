/**
 * A failure as a file: the program, the lanes, the schedule and the problem, so that anybody can run it again. JSON; see `parseReplayFile` for what is accepted.
 *
 * A replay file may come from anywhere. So every value is checked before it is used, and nothing in it names code: a lane table of one's own is known by a name only.
 */
import type { DeviceOperation } from './explored-operations.ts'
import { replay, type Replay } from './explore-replay.ts'
import { MOST_TASKS, parseSchedule } from './explore-schedule.ts'
import type { ExploredImage } from './explored-image.ts'
import {
  programScenario,
  type DeviceProgram,
  type ExploredLaneSetting,
  type MakeParts,
} from './explored-program.ts'

const VERSION = 1
const MOST_CHARACTERS = 1_000_000
const MOST_OPERATIONS = 1000
const MOST_BYTES = 2 ** 20
const MOST_LANES = 1024

/** What a replay file says. */
export interface ReplayFile {
  readonly program: DeviceProgram
  readonly schedule: string
  /** What was wrong when it was written. */
  readonly problem: string
}

type Fields = Readonly<Record<string, unknown>>

function refuse(place: string, expected: string): SyntaxError {
  return new SyntaxError(`this is no replay file: ${place} is not ${expected}`)
}

function fieldsOf(value: unknown, place: string, known: readonly string[]): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refuse(place, 'an object')
  const fields = Object.fromEntries(Object.entries(value))
  const strange = Object.keys(fields).find((key) => !known.includes(key))
  if (strange !== undefined) throw refuse(`${place}.${strange}`, 'known')
  return fields
}

function listOf<T>(
  value: unknown,
  place: string,
  most: number,
  item: (value: unknown, place: string) => T,
): T[] {
  if (!Array.isArray(value) || value.length > most) throw refuse(place, `a list of up to ${most}`)
  return value.map((each: unknown, index) => item(each, `${place}[${index}]`))
}

function textOf(value: unknown, place: string): string {
  if (typeof value !== 'string') throw refuse(place, 'a text')
  return value
}

function numberOf(value: unknown, place: string, least: number, most: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most)
    throw refuse(place, `a whole number from ${least} to ${most}`)
  return value
}

function choiceOf<T extends string>(value: unknown, place: string, choices: readonly T[]): T {
  const choice = choices.find((each) => each === value)
  if (choice === undefined) throw refuse(place, `one of ${choices.join(', ')}`)
  return choice
}

function optional<T>(value: unknown, read: (value: unknown) => T): T | undefined {
  return value === undefined ? undefined : read(value)
}

function operationOf(value: unknown, place: string): DeviceOperation {
  const { kind, offset, length, fill, mayBeLost, mayFail } = fieldsOf(value, place, [
    'kind',
    'offset',
    'length',
    'fill',
    'mayBeLost',
    'mayFail',
  ])
  const flagOf = (flag: unknown, name: string): boolean | undefined =>
    optional(flag, (given) => {
      if (typeof given !== 'boolean') throw refuse(`${place}.${name}`, 'true or false')
      return given
    })
  return {
    kind: choiceOf(kind, `${place}.kind`, ['write', 'zero', 'read']),
    offset: numberOf(offset, `${place}.offset`, 0, Number.MAX_SAFE_INTEGER),
    length: numberOf(length, `${place}.length`, 1, MOST_BYTES),
    fill: optional(fill, (given) => numberOf(given, `${place}.fill`, 1, 7)),
    mayBeLost: flagOf(mayBeLost, 'mayBeLost'),
    mayFail: flagOf(mayFail, 'mayFail'),
  }
}

function lanesOf(value: unknown): ExploredLaneSetting {
  const fields = fieldsOf(value, 'lanes', ['table', 'laneCount', 'policy', 'hints', 'cpuCount'])
  const hintOf = (hint: unknown, place: string): number => numberOf(hint, place, 0, 2 ** 31 - 1)
  return {
    table: textOf(fields['table'], 'lanes.table'),
    laneCount: numberOf(fields['laneCount'], 'lanes.laneCount', 1, MOST_LANES),
    policy: optional(fields['policy'], (policy) =>
      choiceOf(policy, 'lanes.policy', ['static', 'first-idle']),
    ),
    hints: optional(fields['hints'], (hints) => listOf(hints, 'lanes.hints', MOST_TASKS, hintOf)),
    cpuCount: optional(fields['cpuCount'], (count) => numberOf(count, 'lanes.cpuCount', 1, MOST_LANES)),
  }
}

function jsonOf(text: string): unknown {
  if (text.length > MOST_CHARACTERS) throw refuse('it', `shorter than ${MOST_CHARACTERS} characters`)
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new SyntaxError('this is no replay file: it is not JSON', { cause: error })
  }
}

/** @throws {SyntaxError} that says what is wrong, for anything that `formatReplayFile` would not write */
export function parseReplayFile(text: string): ReplayFile {
  const known = ['version', 'scenario', 'lanes', 'schedule', 'problem']
  const file = fieldsOf(jsonOf(text), 'it', known)
  if (file['version'] !== VERSION) throw refuse('version', String(VERSION))
  const { name, tasks } = fieldsOf(file['scenario'], 'scenario', ['name', 'tasks'])
  const schedule = textOf(file['schedule'], 'schedule')
  parseSchedule(schedule)
  return {
    program: {
      name: textOf(name, 'scenario.name'),
      lanes: lanesOf(file['lanes']),
      tasks: listOf(tasks, 'scenario.tasks', MOST_TASKS, (operations, place) =>
        listOf(operations, place, MOST_OPERATIONS, operationOf),
      ),
    },
    schedule,
    problem: textOf(file['problem'], 'problem'),
  }
}

export function formatReplayFile({ program, schedule, problem }: ReplayFile): string {
  const { name, lanes, tasks } = program
  return `${JSON.stringify({ version: VERSION, scenario: { name, tasks }, lanes, schedule, problem }, undefined, 2)}\n`
}

/**
 * Runs what a replay file says. Whether the problem is the one that the file tells is for the caller to compare.
 *
 * @param makeParts for lane tables of one's own, by their names. Default: those of this project
 * @throws {RangeError} for a lane table that nobody knows here, and where the schedule does not fit the program; the errors of the engine for what does not fit the image
 */
export function runReplayFile(
  image: ExploredImage,
  { program, schedule }: ReplayFile,
  makeParts?: MakeParts,
): Replay {
  return replay(programScenario(image, program, makeParts), schedule)
}
