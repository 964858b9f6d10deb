/** The classes of equivalent schedules of a small program, found without any reduction; and those that a strategy runs. */
import { dependsOn, type Step } from './explore-access.ts'
import { Execution } from './explore-execution.ts'
import type { Scenario } from './explore-scenario.ts'
import type { Strategy } from './explore-strategy.ts'

/** Names the class of a schedule: each step with all that must come before it, and the verdict. */
function classOf(steps: readonly Step[], verdict: string | undefined): string {
  const turns: number[] = []
  const before: Set<string>[] = []
  const names = steps.map(({ task }) => `${task}.${(turns[task] = (turns[task] ?? 0) + 1)}`)
  for (const [at, step] of steps.entries()) {
    const causes = new Set<string>()
    for (const [earlier, other] of steps.slice(0, at).entries()) {
      if (other.task !== step.task && !dependsOn(step, other)) continue
      causes.add(names[earlier] ?? '')
      for (const cause of before[earlier] ?? []) causes.add(cause)
    }
    before.push(causes)
  }
  const lines = names.map((name, at) => `${name} after ${[...(before[at] ?? [])].toSorted().join(' ')}`)
  return [...lines.toSorted(), verdict].join('\n')
}

/** Every schedule, one after the other. */
export function everyClass(scenario: Scenario): Set<string> {
  const classes = new Set<string>()
  const go = (prefix: readonly number[]): void => {
    const execution = new Execution(scenario)
    const steps = prefix.map((task) => execution.step(task))
    const enabled = execution.enabled()
    if (enabled.length === 0) classes.add(classOf(steps, execution.verdict()?.problem))
    execution.dispose()
    for (const task of enabled) go([...prefix, task])
  }
  go([])
  return classes
}

/** The classes of the complete executions of a strategy, in their order, and how many executions were broken off. */
export function classesOf(scenario: Scenario, strategy: Strategy): { classes: string[]; pruned: number } {
  const classes: string[] = []
  let pruned = 0
  while (strategy.begin()) {
    const execution = new Execution(scenario)
    const steps: Step[] = []
    while (execution.enabled().length > 0) {
      const task = strategy.choose(execution)
      if (task === undefined) break
      const step = execution.step(task)
      strategy.note(step, execution)
      steps.push(step)
    }
    if (execution.enabled().length > 0) pruned++
    else classes.push(classOf(steps, execution.verdict()?.problem))
    execution.dispose()
  }
  return { classes, pruned }
}
