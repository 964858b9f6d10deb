/** A report as tables for a document. */
import { machineText } from '../machine.ts'
import type { BenchReport, ComparisonReport } from '../measure/report.ts'
import { formatRatio, formatValue } from './format-value.ts'
import { goalReached, goalWords } from './report-text.ts'

/** A bar would end the cell. */
const cell = (text: string): string => text.replaceAll('|', String.raw`\|`)

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |\n`
  return line(head) + line(head.map(() => '---')) + rows.map(line).join('')
}

function goalRows(comparison: ComparisonReport): string[][] {
  return comparison.goals.map((goal) => [
    comparison.name,
    goalWords(goal, comparison),
    goalReached(goal, comparison),
    goal.isReached ? 'yes' : 'no',
  ])
}

function comparisonTable(comparison: ComparisonReport): string {
  const { name, unit, per, reference, figures } = comparison
  const rows = figures.map(({ name: figure, value, ratio }) => [
    figure,
    formatValue(value.median, unit),
    formatValue(value.min, unit),
    ...(reference === null ? [] : [ratio === null ? '1' : formatRatio(ratio.median)]),
  ])
  const head = [per, 'median', 'min', ...(reference === null ? [] : ['ratio'])]
  return `**${name}**\n\n${table(head, rows)}`
}

/** What was measured on, what was to be reached, and all comparisons. */
export function reportMarkdown({ machine, storage, command, startedAt, comparisons }: BenchReport): string {
  const about = `${machineText(machine).trim()}; memory on ${storage.memory}, disk on ${storage.disk}; \`${command}\`, ${startedAt}.`
  const goals = comparisons.flatMap(goalRows)
  const goalTable = goals.length === 0 ? '' : `${table(['work', 'goal', 'measured', 'reached'], goals)}\n`
  return `${about}\n\n${goalTable}${comparisons.map(comparisonTable).join('\n')}`
}
