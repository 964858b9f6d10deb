/** Runs a replay file again. It may come from anywhere, so nothing in it decides how long that takes, or what a terminal is told. */
import { createReadStream } from 'node:fs'
import {
  ExploredImage,
  explore,
  parseReplayFile,
  programScenario,
  runReplayFile,
  type ReplayFile,
} from '@bttkit/checker-lanes'
import { CommandError } from '@bttkit/command-line'
import { pictureOf, type ExploredProblem } from './explore-run.ts'
import { MOST_EXPLORED_OPERATIONS } from './explore-request.ts'
import { STRESS_LANES } from './stress-request.ts'

/** More than any replay file has. */
const MOST_BYTES = 4_000_000
/** Of an operation. Those of `btt explore` have up to 1024. */
const LONGEST = 2048
/** To find out whether another schedule goes wrong now. */
const MOST_EXECUTIONS = 20_000
const LONGEST_MESSAGE = 200

export interface ReplayReport {
  readonly verdict: 'wrong' | 'gone'
  readonly file: string
  /** Whether the schedule of the file leads to the problem that it tells. */
  readonly isSame: boolean
  /** Whether every schedule of the program was covered; none had to be where that of the file is wrong. */
  readonly isExhaustive: boolean
  readonly finding: ExploredProblem | null
}

async function textOf(path: string): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of createReadStream(path, { end: MOST_BYTES })) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString()
}

/** @throws {RangeError} for a program that `btt explore` would never make: the time for a run grows with all of this, and faster */
function checkSize({ program: { tasks, lanes } }: ReplayFile): void {
  if (!STRESS_LANES.some((name) => name === lanes.table)) throw new RangeError('there are no such lanes')
  const operations = tasks.flat()
  if (operations.length > MOST_EXPLORED_OPERATIONS)
    throw new RangeError(`it has more than ${MOST_EXPLORED_OPERATIONS} operations`)
  if (operations.some(({ length }) => length > LONGEST))
    throw new RangeError(`it has an operation of more than ${LONGEST} bytes`)
}

function refusal(path: string, error: unknown): CommandError {
  const message = error instanceof Error ? error.message : String(error)
  const printable = message.replaceAll(/\p{C}/gu, '?').slice(0, LONGEST_MESSAGE)
  return new CommandError(`${path}: ${printable}`, { cause: error })
}

/** What the schedule leads to. Nothing where it ends too early, or does not fit: then the engine or the lanes are others than they were. */
function problemOf(image: ExploredImage, file: ReplayFile): string | undefined {
  try {
    return runReplayFile(image, file).problem
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

async function rerun(file: ReplayFile): Promise<Omit<ReplayReport, 'file'>> {
  checkSize(file)
  const { program } = file
  const image = new ExploredImage()
  const problem = problemOf(image, file)
  if (problem !== undefined) {
    const finding = await pictureOf(image, { ...file, problem })
    return { verdict: 'wrong', isSame: problem === file.problem, isExhaustive: false, finding }
  }
  const scenario = programScenario(image, program)
  const { findings, isExhaustive } = await explore(scenario, { maxExecutions: MOST_EXECUTIONS })
  const [found] = findings
  if (found === undefined) return { verdict: 'gone', isSame: false, isExhaustive, finding: null }
  const finding = await pictureOf(image, { program, schedule: found.schedule, problem: found.problem })
  return { verdict: 'wrong', isSame: false, isExhaustive: false, finding }
}

/** @throws {CommandError} for what is no replay file, or cannot be run at all */
export async function replayFile(path: string): Promise<ReplayReport> {
  const text = await textOf(path)
  try {
    return { ...(await rerun(parseReplayFile(text))), file: path }
  } catch (error) {
    throw refusal(path, error)
  }
}
