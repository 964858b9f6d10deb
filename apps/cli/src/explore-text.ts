/** The reports of `btt explore` for people. */
import type { ExploredProblem, ExploreReport } from './explore-run.ts'
import type { ReplayReport } from './explore-replay-file.ts'

const plural = (count: number, one: string): string =>
  `${count.toLocaleString('en')} ${one}${count === 1 ? '' : 's'}`

function describeVerdict({ verdict, isExhaustive }: ExploreReport): string {
  if (verdict === 'wrong') return 'wrong'
  return isExhaustive
    ? 'clean: no schedule goes wrong'
    : 'clean: nothing was found, and not everything was run'
}

function describeStrategy({ strategy, maxPreemptions, seed }: ExploreReport): string {
  if (maxPreemptions !== null) return `at most ${plural(maxPreemptions, 'preemption')}`
  return seed === null ? strategy : `${strategy}, seed ${seed}`
}

function describeWork(report: ExploreReport): string {
  const { programs, schedules, pruned, steps, seconds } = report
  const rate = Math.round((schedules + pruned) / seconds).toLocaleString('en')
  return `${describeStrategy(report)}: ${plural(programs, 'program')}, ${plural(schedules, 'schedule')} and ${pruned.toLocaleString('en')} pruned, ${plural(steps, 'step')} in ${seconds.toFixed(1)} s, ${rate} schedules/s`
}

function describeProblem({ diagram, schedule }: ExploredProblem): string[] {
  return ['', diagram, `schedule: ${schedule}`]
}

export function describeExploration(report: ExploreReport): string {
  const { lanes, laneCount, tasks, operations, finding } = report
  const lines = [
    `lanes ${lanes} (${laneCount}), ${plural(tasks, 'task')} of ${plural(operations, 'operation')}: ${describeVerdict(report)}`,
    describeWork(report),
    ...(finding === null ? [] : describeProblem(finding)),
  ]
  return `${lines.join('\n')}\n`
}

export function describeReplay({ file, finding, isSame, isExhaustive }: ReplayReport): string {
  if (finding === null) {
    const extent = isExhaustive ? 'no schedule of its program goes wrong' : 'many schedules were run, not all'
    return `${file}: the problem is gone: ${extent}\n`
  }
  const head = isSame ? 'wrong, as it was' : 'wrong, but not as the file tells'
  return `${[`${file}: ${head}`, ...describeProblem(finding)].join('\n')}\n`
}
