/** Runs each mutant against the checks, in a process of its own, until one of them finds it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { CheckerName } from './checks/check.ts'
import type { Job } from './job.ts'
import { INJECTED_MUTANTS } from './mutants/injected-mutants.ts'
import type { Mutant } from './mutants/mutant.ts'
import { PATCHED_MUTANTS } from './mutants/patched-mutants.ts'

export const MUTANTS: readonly Mutant[] = [...INJECTED_MUTANTS, ...PATCHED_MUTANTS]

/** What came of one check. */
export interface CheckReport {
  readonly check: string
  readonly checker: CheckerName
  readonly ms: number
  readonly runs: number
  readonly states: bigint
  readonly isComplete: boolean
  readonly problem?: string | undefined
  readonly steps?: number | undefined
  readonly replay?: unknown
}

const CONDITION = '--conditions=@bttkit/source'
const HOOKS = new URL('patch-modules.ts', import.meta.url).href
const PROGRAM = fileURLToPath(new URL('run-checks.ts', import.meta.url))

/** A check that takes longer does not end any more: that is a finding. */
const LIMIT_MS = 300_000

type Line = Pick<CheckReport, 'check' | 'checker'> &
  Partial<Omit<CheckReport, 'states'>> & { states?: string }

/**
 * Runs a job in a process of its own. Tells of each check as it ends, and returns them all.
 *
 * @throws {Error} when the process fails otherwise than by a check, as when a mutant cannot be made
 */
export async function runJob(
  job: Job,
  onReport: (report: CheckReport) => void = () => {},
): Promise<CheckReport[]> {
  const child = spawn(process.execPath, [CONDITION, '--import', HOOKS, PROGRAM, JSON.stringify(job)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
  })
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text))
  const ended = once(child, 'close')
  const reports: CheckReport[] = []
  let underWay: Line | undefined
  const note = (report: CheckReport): void => {
    reports.push(report)
    onReport(report)
  }
  for await (const text of createInterface(child.stdout)) {
    const line: Line = JSON.parse(text)
    const { ms, runs, states, isComplete } = line
    if (ms === undefined || runs === undefined || states === undefined || isComplete === undefined)
      underWay = line
    else
      note({ ...line, checker: underWay?.checker ?? 'images', ms, runs, isComplete, states: BigInt(states) })
  }
  await ended
  const { exitCode, signalCode } = child
  if (signalCode !== null && underWay !== undefined) {
    const problem = `it does not end within ${LIMIT_MS / 1000} s`
    note({ ...underWay, ms: LIMIT_MS, runs: 1, states: 1n, isComplete: false, problem })
  } else if (exitCode !== 0) throw new Error(`${job.mutant ?? 'the engine'}: ${complaint}`)
  return reports
}

/** How a mutant was found. */
export interface Kill {
  readonly mutant: Mutant
  /** `undefined` where nothing found it: an open hole. */
  readonly killer: CheckReport | undefined
  /** Of all checks up to the killer. */
  readonly runs: number
  readonly ms: number
}

/** @param checks names; default: all */
export async function killMutant(mutant: Mutant, checks?: readonly string[]): Promise<Kill> {
  const reports: CheckReport[] = []
  for (const hasSmallArenas of [false, true]) {
    reports.push(...(await runJob({ mutant: mutant.name, checks, hasSmallArenas })))
    if (reports.at(-1)?.problem !== undefined) break
  }
  const last = reports.at(-1)
  return {
    mutant,
    killer: last?.problem === undefined ? undefined : last,
    runs: reports.reduce((sum, { runs }) => sum + runs, 0),
    ms: reports.reduce((sum, { ms }) => sum + ms, 0),
  }
}

/** One mutant after the other. */
export async function* killMatrix(mutants: readonly Mutant[] = MUTANTS): AsyncGenerator<Kill> {
  for (const mutant of mutants) yield await killMutant(mutant)
}

/** All checks of the engine as it is. None of them may find anything. */
export async function runControl(onReport: (report: CheckReport) => void): Promise<CheckReport[]> {
  const usual = await runJob({ hasSmallArenas: false }, onReport)
  return [...usual, ...(await runJob({ hasSmallArenas: true }, onReport))]
}
