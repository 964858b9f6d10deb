/** Runs a program of threads under the schedules that are asked for. */
import { ThreadCrew, explore, shrink, wordScenario, type ExploreOptions } from '@bttkit/checker-lanes'
import type { Verdict } from '../checks/check.ts'

const PROGRAMS = new URL('word-programs.ts', import.meta.url)
/** Under which the threads find the sources of production; the process itself has it, or is a test. */
const CONDITION = '--conditions=@bttkit/source'
/** Enough to make a schedule of some dozens of steps small. */
const SHRINKING_EXECUTIONS = 2000

/** Starts the threads of all word programs. */
export function startThreads(): Promise<ThreadCrew> {
  return ThreadCrew.start(PROGRAMS, { execArgv: [...process.execArgv, CONDITION] })
}

export async function runWordProgram(
  crew: ThreadCrew,
  name: string,
  options: ExploreOptions,
): Promise<Verdict & { readonly accesses: number }> {
  const scenario = wordScenario(crew, name)
  const { executions, pruned, steps: accesses, isExhaustive, findings } = await explore(scenario, options)
  const runs = executions + pruned
  const verdict = { problem: undefined, runs, states: BigInt(runs), isComplete: isExhaustive, accesses }
  const [finding] = findings
  if (finding === undefined) return verdict
  const startMs = performance.now()
  const { schedule, steps } = await shrink(name, finding, {
    makeScenario: () => scenario,
    smaller: () => [],
    maxExecutions: SHRINKING_EXECUTIONS,
  })
  return {
    ...verdict,
    problem: `${name}: ${finding.problem}`,
    replay: { program: name, schedule },
    steps,
    shrinkingMs: performance.now() - startMs,
  }
}
