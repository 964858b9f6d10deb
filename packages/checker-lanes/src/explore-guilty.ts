/** Which step of a schedule decided that it goes wrong. */
import { Budget } from './explore-budget.ts'
import type { Scenario } from './explore-scenario.ts'
import { parseSchedule, printSchedule } from './explore-schedule.ts'
import { explore } from './explore.ts'

const RIGHT = 'right'
/** Most executions to find out whether one beginning of a schedule can still end well. */
const EXECUTIONS_A_BEGINNING = 2000
const MOST_EXECUTIONS = 20_000

/** A scenario in which an end that is right is what is wrong with it. */
function reversed(scenario: Scenario): Scenario {
  return {
    name: scenario.name,
    make: (recorder) => {
      const program = scenario.make(recorder)
      const isRight = (): boolean => program.check() === undefined
      const check = (): string | undefined => (isRight() ? RIGHT : undefined)
      return { tasks: program.tasks, check, dispose: () => program.dispose?.() }
    },
  }
}

/** Whether a schedule that begins like this can be right; `true` also where that takes too long to find out. */
async function canBeRight(scenario: Scenario, after: string, budget: Budget): Promise<boolean> {
  const maxExecutions = Math.min(budget.left, EXECUTIONS_A_BEGINNING)
  const { findings, executions, pruned, isExhaustive } = await explore(reversed(scenario), {
    after,
    maxExecutions,
    signal: budget.signal,
    isOfInterest: ({ kind }) => kind === RIGHT,
  })
  budget.spend(executions + pruned)
  return findings.length > 0 || !isExhaustive
}

/**
 * The number of the first step, from 1, after which every schedule is wrong in some way, however it goes on. `undefined` where that is so from the start, or is not
 * known.
 *
 * @param budget how many executions it may take. Default: 20,000
 */
export async function guiltyStep(
  scenario: Scenario,
  schedule: string,
  budget = new Budget(MOST_EXECUTIONS),
): Promise<number | undefined> {
  const tasks = parseSchedule(schedule)
  const beginning = (steps: number): string => printSchedule(tasks.slice(0, steps))
  if (!(await canBeRight(scenario, '', budget))) return undefined
  if (await canBeRight(scenario, schedule, budget)) return undefined
  // Whoever cannot be right after some steps cannot after more of them.
  let right = 0
  let wrong = tasks.length
  while (wrong - right > 1) {
    const middle = (right + wrong) >>> 1
    if (await canBeRight(scenario, beginning(middle), budget)) right = middle
    else wrong = middle
  }
  // Without a budget nothing is known to be wrong.
  return budget.left > 0 ? wrong : undefined
}
