import type { Subject } from '../subject.ts'

/** What finds a bug. */
export type CheckerName = 'schedules' | 'crashes' | 'creation' | 'failing storage' | 'images'

export interface Verdict {
  /** What is wrong, in one sentence; `undefined` where nothing is. */
  readonly problem: string | undefined
  /** Schedules, classes of crash states, or cases that were run. */
  readonly runs: number
  /** States that the classes stand for; as many as `runs` where nothing stands for anything else. */
  readonly states: bigint
  /** Whether everything within the bounds was run. */
  readonly isComplete: boolean
  /** How the problem comes about: a schedule, or what was cut. */
  readonly replay?: unknown
  /** Steps of the schedule, as small as it gets. */
  readonly steps?: number | undefined
  /** What it took to make it small. */
  readonly shrinkingMs?: number | undefined
}

export interface Check {
  readonly name: string
  readonly checker: CheckerName
  /** Whether it needs arenas of a few MiB: see job.ts. */
  readonly needsSmallArenas?: boolean
  readonly run: (subject: Subject) => Promise<Verdict> | Verdict
}

/** Ends at the first problem. */
export async function runAll(parts: readonly (() => Promise<Verdict> | Verdict)[]): Promise<Verdict> {
  let runs = 0
  let states = 0n
  let isComplete = true
  for (const part of parts) {
    const verdict = await part()
    runs += verdict.runs
    states += verdict.states
    isComplete &&= verdict.isComplete
    if (verdict.problem !== undefined) return { ...verdict, runs, states, isComplete }
  }
  return { problem: undefined, runs, states, isComplete }
}

/** Cases that are run one by one, and answer with a problem or with nothing. */
export function runCases(cases: Iterable<() => string | undefined>): Verdict {
  let runs = 0
  for (const one of cases) {
    runs++
    const problem = one()
    if (problem !== undefined) return { problem, runs, states: BigInt(runs), isComplete: true }
  }
  return { problem: undefined, runs, states: BigInt(runs), isComplete: true }
}
