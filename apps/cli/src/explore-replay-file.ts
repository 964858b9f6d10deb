/** Runs a replay file again. It may come from anywhere, so nothing in it decides how long that takes, or what a terminal is told. */
import { createReadStream } from 'node:fs'
import {
  checkOverlapping,
  isCrashFile,
  overlappingOptions,
  parseCrashFile,
  shrinkCase,
  type CrashCase,
} from '@bttkit/checker-crash'
import {
  ExploredImage,
  explore,
  parseReplayFile,
  programScenario,
  runReplayFile,
  type EngineLanes,
  type ReplayFile,
} from '@bttkit/checker-lanes'
import { UsageError } from '@bttkit/command-line'
import { crashFinding, crashSetting } from './explore-crashes.ts'
import type { Finding } from './explore-finding.ts'
import { pictureOf } from './explore-lanes.ts'
import { MOST_EXPLORED_LANES, MOST_EXPLORED_OPERATIONS } from './explore-request.ts'
import { naming } from './naming.ts'
import { STRESS_LANES } from './stress-request.ts'

/** More than any replay file has. */
const MOST_BYTES = 4_000_000
/** Of an operation. Those of `btt explore` have up to 1024. */
const LONGEST = 2048
const LONGEST_SECTORS = 4
/** To find out whether another schedule goes wrong now. */
const MOST_EXECUTIONS = 20_000
const LONGEST_MESSAGE = 200

export interface ReplayReport {
  readonly verdict: 'wrong' | 'gone'
  readonly file: string
  /** Whether the schedule of the file leads to the problem that it tells. */
  readonly isSame: boolean
  /** Whether every schedule of the program was covered, with power failures those with at most two preemptions; none had to be where that of the file is wrong. */
  readonly isExhaustive: boolean
  readonly finding: Finding['shown'] | null
}

interface Replayed {
  readonly isSame: boolean
  readonly isExhaustive: boolean
  readonly finding: Finding | undefined
}

export async function textOf(path: string): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of createReadStream(path, { end: MOST_BYTES })) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString()
}

/** Whether a text is what `--out` stores. */
export function isReplayFile(text: string): boolean {
  try {
    if (isCrashFile(text)) parseCrashFile(text)
    else parseReplayFile(text)
    return true
  } catch {
    return false
  }
}

/** @throws {RangeError} for a program that `btt explore` would never make: the time for a run grows with all of this, and faster */
function checkSize(
  { table, laneCount }: EngineLanes,
  operations: readonly object[],
  isTooLong: (operation: object) => boolean,
): void {
  if (!STRESS_LANES.some((name) => name === table)) throw new RangeError('there are no such lanes')
  if (laneCount > MOST_EXPLORED_LANES)
    throw new RangeError(`the image has ${MOST_EXPLORED_LANES} lanes, and not ${laneCount}`)
  if (operations.length > MOST_EXPLORED_OPERATIONS)
    throw new RangeError(`it has more than ${MOST_EXPLORED_OPERATIONS} operations`)
  if (operations.some(isTooLong)) throw new RangeError(`it has an operation of more than ${LONGEST} bytes`)
}

const isTooLong = (operation: object): boolean =>
  ('length' in operation && Number(operation.length) > LONGEST) ||
  ('count' in operation && Number(operation.count) > LONGEST_SECTORS)

function refusal(path: string, error: unknown): UsageError {
  const message = error instanceof Error ? error.message : String(error)
  const printable = message.replaceAll(/\p{C}/gu, '?').slice(0, LONGEST_MESSAGE)
  return new UsageError(`${path}: ${printable}`, { cause: error })
}

/** What a replay leads to. Nothing where the schedule ends too early, or does not fit: then the engine or the lanes are others than they were. */
function unlessOther<T>(run: () => T): T | undefined {
  try {
    return run()
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) return undefined
    throw error
  }
}

async function rerunLanes(file: ReplayFile, signal: AbortSignal): Promise<Replayed> {
  const { program } = file
  checkSize(program.lanes, program.tasks.flat(), isTooLong)
  const image = new ExploredImage()
  const problem = unlessOther(() => runReplayFile(image, file).problem)
  if (problem !== undefined) {
    const finding = await pictureOf(image, { ...file, problem })
    return { isSame: problem === file.problem, isExhaustive: false, finding }
  }
  const limits = { maxExecutions: MOST_EXECUTIONS, signal }
  const { findings, isExhaustive } = await explore(programScenario(image, program), limits)
  const [found] = findings
  const finding =
    found && (await pictureOf(image, { program, schedule: found.schedule, problem: found.problem }))
  return { isSame: false, isExhaustive, finding }
}

async function rerunCrash(found: CrashCase, signal: AbortSignal): Promise<Replayed> {
  const { program } = found
  checkSize(program.lanes, program.tasks.flat(), isTooLong)
  const setting = crashSetting()
  const options = overlappingOptions(program, setting)
  const again = unlessOther(() => crashFinding(found, setting))
  if (again?.problem !== undefined) {
    const { finding, problem } = again
    return { isSame: problem === found.problem, isExhaustive: false, finding }
  }
  const exploration = { maxExecutions: MOST_EXECUTIONS, signal }
  const { violation, isExhaustive } = await checkOverlapping({ ...options, exploration })
  const finding =
    violation && crashFinding(await shrinkCase(program, violation, setting, { signal }), setting).finding
  return { isSame: false, isExhaustive, finding }
}

async function rerun(text: string, signal: AbortSignal): Promise<Replayed> {
  if (!isCrashFile(text)) return rerunLanes(parseReplayFile(text), signal)
  const file = parseCrashFile(text)
  if (file.kind === 'overlapping') return rerunCrash(file.found, signal)
  throw new RangeError(
    'it is of a workload on an image that is not in it; replayWorkloadCase of @bttkit/checker-crash runs it',
  )
}

/**
 * @param signal ends the search for other schedules that go wrong
 * @throws {UsageError} for what is no replay file, or cannot be run at all
 * @throws {CommandError} where it cannot be read
 */
export async function replayFile(
  path: string,
  signal: AbortSignal,
): Promise<{ report: ReplayReport; finding: Finding | undefined }> {
  const text = await naming(path, () => textOf(path))
  try {
    const { finding, ...found } = await rerun(text, signal)
    const verdict = finding === undefined ? 'gone' : 'wrong'
    return { report: { verdict, ...found, file: path, finding: finding?.shown ?? null }, finding }
  } catch (error) {
    throw refusal(path, error)
  }
}
