/**
 * This run beside an older one. Ratios are compared, never times: both sides of a ratio were measured in the same run, so it means the same on a busier
 * machine, and nearly the same on another one.
 */
import { readFile } from 'node:fs/promises'
import * as v from 'valibot'
import { CommandError, describeSystemError } from '@bttkit/command-line'
import type { ComparisonReport, Spread } from '../measure/report.ts'
import { textTable } from '../text-table.ts'
import { formatRatio } from './format-value.ts'

const positive = v.pipe(v.number(), v.finite(), v.minValue(0))
const spreadSchema = v.object({ median: positive, min: positive, max: positive })

const listOf = <Item extends v.GenericSchema>(item: Item) => v.pipe(v.array(item), v.readonly())

/** The part of a report that is compared; whatever else is in the file does not matter. */
const baselineSchema = v.object({
  benchmark: v.literal('suites'),
  comparisons: listOf(
    v.object({
      suite: v.string(),
      name: v.string(),
      ratio: v.picklist(['time', 'throughput']),
      reference: v.nullable(v.string()),
      figures: listOf(v.object({ name: v.string(), ratio: v.nullable(spreadSchema) })),
    }),
  ),
})

export type Baseline = v.InferOutput<typeof baselineSchema>

/** Of two runs of which neither had the other's median in any of its rounds; else nothing can be said. */
type Verdict = 'better' | 'worse' | 'same'

export interface RatioChange {
  readonly suite: string
  readonly name: string
  readonly figure: string
  readonly before: Spread
  readonly now: Spread
  /** The ratio of the medians, now to before. */
  readonly change: number
  readonly verdict: Verdict
}

/** @throws {CommandError} for a file that cannot be read, or is no report of suites */
export async function loadBaseline(path: string): Promise<Baseline> {
  let text
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    throw new CommandError(`${path}: ${describeSystemError(error)}`, { cause: error })
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new CommandError(`${path}: this is no JSON`, { cause: error })
  }
  const parsed = v.safeParse(baselineSchema, value)
  if (parsed.success) return parsed.output
  const [issue] = parsed.issues
  throw new CommandError(
    `${path}: this is no report of btt-bench: ${v.getDotPath(issue) ?? ''} ${issue.message}`,
  )
}

function isWithin(value: number, { min, max }: Spread): boolean {
  return value >= min && value <= max
}

function verdictOf(ratio: ComparisonReport['ratio'], before: Spread, now: Spread): Verdict {
  if (isWithin(now.median, before) || isWithin(before.median, now)) return 'same'
  return now.median < before.median === (ratio === 'time') ? 'better' : 'worse'
}

/** What both have, in the order of the new one. */
export function compareRatios(baseline: Baseline, comparisons: readonly ComparisonReport[]): RatioChange[] {
  return comparisons.flatMap(({ suite, name, ratio, reference, figures }) => {
    const old = baseline.comparisons.find(
      (other) =>
        other.suite === suite &&
        other.name === name &&
        other.reference === reference &&
        other.ratio === ratio,
    )
    return figures.flatMap(({ name: figure, ratio: now }): RatioChange[] => {
      const before = old?.figures.find((other) => other.name === figure)?.ratio
      if (before === undefined || before === null || now === null) return []
      const verdict = verdictOf(ratio, before, now)
      return [{ suite, name, figure, before, now, change: now.median / before.median, verdict }]
    })
  })
}

export function changesText(changes: readonly RatioChange[]): string {
  if (changes.length === 0) return '\nThe older report has nothing to compare this one with.\n'
  const rows = changes.map(({ suite, name, figure, before, now, change, verdict }) => [
    verdict,
    `${suite}: ${name}`,
    figure,
    formatRatio(before.median),
    formatRatio(now.median),
    formatRatio(change),
  ])
  const head = ['', 'comparison', 'ratio of', 'before', 'now', 'change']
  return `\n${textTable([head, ...rows], 3)}`
}
