/** What comes out of a run, and how it is made of the rounds. */
import type { ContestantKind } from '../contestants/contestant.ts'
import type { Machine } from '../machine.ts'
import { median } from '../quantile.ts'
import type { Comparison, Goal, Unit } from './comparison.ts'

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

export interface Figure {
  readonly name: string
  readonly kind: ContestantKind
  readonly value: Spread
  /** To the reference, round by round; null for the reference itself, and where there is none. */
  readonly ratio: Spread | null
  /** The values of the rounds, in their order, with five digits. */
  readonly rounds: readonly number[]
}

/** What a goal asks for, and what came of it. */
export interface GoalReport {
  readonly contestant: string
  /** The contestant to which the ratio is; null for a value by itself. */
  readonly to: string | null
  readonly is: Goal['is']
  readonly limit: number
  readonly reached: number
  readonly isReached: boolean
}

export interface ComparisonReport {
  readonly suite: string
  readonly name: string
  readonly unit: Unit
  readonly per: string
  readonly ratio: Comparison['ratio']
  readonly reference: string | null
  readonly unitsPerRound: number
  readonly figures: readonly Figure[]
  /** Without those for which somebody was not there. */
  readonly goals: readonly GoalReport[]
}

/** Something that was not measured. */
export interface Skipped {
  readonly what: string
  readonly reason: string
}

/** The file systems of the folders that were used. */
interface StorageDescription {
  readonly memory: string
  readonly disk: string
}

/** What is known before anything is measured. */
export interface ReportHead {
  readonly benchmark: 'suites'
  readonly machine: Machine
  readonly storage: StorageDescription
  readonly command: string
  /** ISO 8601. */
  readonly startedAt: string
  readonly seed: number
  readonly isQuick: boolean
  /** How long measuring was meant to take, without making, filling and verifying images. */
  readonly seconds: number
}

/** What `--json` prints. */
export interface BenchReport extends ReportHead {
  readonly comparisons: readonly ComparisonReport[]
  readonly skipped: readonly Skipped[]
}

const DIGITS = 5

/** The values of each round by the name of the contestant. */
export type Rounds = ReadonlyMap<string, readonly number[]>

/** As many digits as mean anything. */
function rounded(value: number): number {
  return Number(value.toPrecision(DIGITS))
}

function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((one, other) => one - other)
  return { median: median(values), min: sorted[0] ?? Number.NaN, max: sorted.at(-1) ?? Number.NaN }
}

/** The ratios of the same rounds: what disturbs a round disturbs both. */
function ratiosOf(
  ratio: Comparison['ratio'],
  values: readonly number[],
  reference: readonly number[],
): number[] {
  return values.map((value, round) => {
    const other = reference[round] ?? Number.NaN
    return ratio === 'time' ? value / other : other / value
  })
}

function judge({ ratio }: Comparison, rounds: Rounds, goal: Goal): GoalReport[] {
  const { contestant, to, is, limit } = goal
  const values = rounds.get(contestant)
  const reference = to === undefined ? undefined : rounds.get(to)
  if (values === undefined || (to !== undefined && reference === undefined)) return []
  const reached = median(reference === undefined ? values : ratiosOf(ratio, values, reference))
  const isReached = is === 'at most' ? reached <= limit : reached >= limit
  return [{ contestant, to: to ?? null, is, limit, reached, isReached }]
}

export function summarize(comparison: Comparison, rounds: Rounds, unitsPerRound: number): ComparisonReport {
  const { suite, name, unit, per, ratio, contestants } = comparison
  const reference = contestants.find((contestant) => contestant.name === comparison.reference)?.name ?? null
  const ofReference = reference === null ? undefined : rounds.get(reference)
  const figures = contestants.map((contestant): Figure => {
    const values = (rounds.get(contestant.name) ?? []).map(rounded)
    const hasRatio = ofReference !== undefined && contestant.name !== reference
    return {
      name: contestant.name,
      kind: contestant.kind,
      value: spreadOf(values),
      ratio: hasRatio ? spreadOf(ratiosOf(ratio, values, ofReference)) : null,
      rounds: values,
    }
  })
  const goals = comparison.goals.flatMap((goal) => judge(comparison, rounds, goal))
  return { suite, name, unit, per, ratio, reference, unitsPerRound, figures, goals }
}
