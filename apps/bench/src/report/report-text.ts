/** A report for people who read it on a terminal. */
import { machineText } from '../machine.ts'
import type { BenchReport, ComparisonReport, Figure, GoalReport, ReportHead } from '../measure/report.ts'
import { textTable } from '../text-table.ts'
import { formatRatio, formatValue } from './format-value.ts'

/** What a ratio of a comparison is. */
export function ratioName({ ratio, reference, unit }: ComparisonReport): string {
  return `${unit === 'MiB' ? 'memory' : ratio} to ${reference}`
}

function figureCells({ name, value, ratio }: Figure, { unit, reference }: ComparisonReport): string[] {
  const values = [value.median, value.min, value.max].map((each) => formatValue(each, unit))
  if (reference === null) return [name, ...values]
  const ratios = ratio === null ? ['1'] : [ratio.median, ratio.min, ratio.max].map(formatRatio)
  return [name, ...values, ...ratios]
}

/** A title and a table. */
export function comparisonText(comparison: ComparisonReport): string {
  const { suite, name, per, reference, figures } = comparison
  const rounds = figures[0]?.rounds.length ?? 0
  const ratioHead = reference === null ? [] : ['ratio', 'min', 'max']
  const head = ['', 'median', 'min', 'max', ...ratioHead]
  const about = reference === null ? '' : `; ratio: ${ratioName(comparison)}`
  const rows = figures.map((figure) => figureCells(figure, comparison))
  return `\n${suite}: ${name}\n${per}, ${rounds} rounds${about}\n${textTable([head, ...rows], 1)}`
}

/** What was to be reached, in words. */
export function goalWords(
  { contestant, to, is, limit }: GoalReport,
  { unit, ratio }: ComparisonReport,
): string {
  return to === null
    ? `${contestant}: ${is} ${formatValue(limit, unit)}`
    : `${contestant}: ${is} ${limit} of the ${ratio} of ${to}`
}

export function goalReached({ to, reached }: GoalReport, { unit }: ComparisonReport): string {
  return to === null ? formatValue(reached, unit) : formatRatio(reached)
}

function goalsText(comparisons: readonly ComparisonReport[]): string {
  const rows = comparisons.flatMap((comparison) =>
    comparison.goals.map((goal) => [
      goal.isReached ? 'reached' : 'missed',
      `${comparison.suite}: ${comparison.name}`,
      goalWords(goal, comparison),
      goalReached(goal, comparison),
    ]),
  )
  return rows.length === 0 ? '' : `\n${textTable([['goal', 'of', 'is', 'measured'], ...rows], 3)}`
}

/** Everything but the comparisons, which are printed as they come. */
export function closingText({ comparisons, skipped }: BenchReport): string {
  const lines = skipped.map(({ what, reason }) => `skipped: ${what}: ${reason}\n`)
  const verified = `\nThe contents were read back and verified after each of the ${comparisons.length} comparisons.\n`
  return `${goalsText(comparisons)}${verified}${lines.join('')}`
}

export function openingText({ machine, storage, seed }: ReportHead): string {
  return `${machineText(machine)}memory on ${storage.memory}, disk on ${storage.disk}, seed ${seed}\n`
}
