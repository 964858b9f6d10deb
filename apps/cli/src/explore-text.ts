/** The reports of `btt explore` for people. */
import type { ExploredFailures, Finding } from './explore-finding.ts'
import type { ReplayReport } from './explore-replay-file.ts'
import type { ExploreReport } from './explore-run.ts'

const plural = (count: number, one: string): string =>
  `${count.toLocaleString('en')} ${one}${count === 1 ? '' : 's'}`

function describeVerdict({ verdict, isExhaustive, model }: ExploreReport): string {
  if (verdict === 'wrong') return 'wrong'
  return isExhaustive
    ? `clean: no schedule goes wrong${model === null ? '' : ', wherever the power fails'}`
    : 'clean: nothing was found, and not everything was run'
}

function describeStrategy({ strategy, maxPreemptions, seed }: ExploreReport): string {
  if (maxPreemptions !== null) return `at most ${plural(maxPreemptions, 'preemption')}`
  return seed === null ? strategy : `${strategy}, seed ${seed}`
}

function describeWork(report: ExploreReport): string {
  const { programs, schedules, pruned, steps, seconds } = report
  const andMore = steps === null ? '' : ` and ${pruned.toLocaleString('en')} pruned, ${plural(steps, 'step')}`
  return `${describeStrategy(report)}: ${plural(programs, 'program')}, ${plural(schedules, 'schedule')}${andMore} in ${seconds.toFixed(1)} s, ${perSecond(schedules + pruned, seconds)} schedules/s`
}

function perSecond(count: number, seconds: number): string {
  return Math.round(count / seconds).toLocaleString('en')
}

/** Beyond what can be counted one by one, as a power of ten. */
function describeStates(states: number): string {
  return states < 1e9 ? plural(states, 'state') : `${states.toExponential(1).replace('e+', 'e')} states`
}

function describeFailures({ points, classes, states }: ExploredFailures, report: ExploreReport): string {
  const judged = plural(classes, 'state')
  const rate = perSecond(classes, report.seconds)
  return `${report.model}: ${plural(points, 'power failure')}, ${judged} judged for ${describeStates(states)}, ${rate} judged/s`
}

function describeProblem({ diagram, schedule }: Finding['shown']): string[] {
  return ['', diagram, `schedule: ${schedule}`]
}

const NOT_SMALLEST = 'it was ended before it was made as small as it gets'

export function describeExploration(report: ExploreReport): string {
  const { lanes, laneCount, tasks, operations, finding, isSmallest, powerFailures } = report
  const lines = [
    `lanes ${lanes} (${laneCount}), ${plural(tasks, 'task')} of ${plural(operations, 'operation')}: ${describeVerdict(report)}`,
    describeWork(report),
    ...(powerFailures === null ? [] : [describeFailures(powerFailures, report)]),
    ...(finding === null ? [] : describeProblem(finding)),
    ...(isSmallest === false ? [NOT_SMALLEST] : []),
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
