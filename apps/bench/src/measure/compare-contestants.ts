/**
 * Measures what is compared in one run: in many short rounds, in each of which everybody does the same work in turn, so that a machine that others use too
 * disturbs all of it alike. A comparison counts only when everybody's work has been verified.
 */
import type { Contestant } from '../contestants/contestant.ts'
import type { Comparison } from './comparison.ts'
import { summarize, type ComparisonReport } from './report.ts'

/**
 * How many there are meant to be, where that much work can be divided so far: the shorter a turn, the more of them pass without somebody else taking the
 * processor.
 */
const MEANT_ROUNDS = 100
/** The part of the time in which nothing counts: code is being compiled. */
const WARM_UP_PART = 0.1
/** More work only makes a measured round longer than the whole time that there is. */
const MOST_GROWTH = 8

export interface Timing {
  /** How long all rounds together take, about. */
  readonly limitMs: number
  /** How many there are however long they take. */
  readonly leastRounds: number
  /** Called between rounds with the milliseconds that are over, of `limitMs`. */
  readonly onProgress: (doneMs: number) => void
  /** Ends it before somebody's next turn. */
  readonly signal: AbortSignal
}

/** Has everybody work, more and more, until a round of all takes its time, and long enough; returns how much work such a round has. */
async function warmUp(
  { contestants, unitStep, mostUnits }: Comparison,
  { limitMs, signal }: Timing,
): Promise<number> {
  const roundMs = limitMs / MEANT_ROUNDS
  const most = Math.max(unitStep, Math.floor((mostUnits ?? 2 ** 31) / unitStep) * unitStep)
  let units = unitStep
  for (let doneMs = 0; ;) {
    let elapsedMs = 0
    for (const contestant of contestants) {
      signal.throwIfAborted()
      elapsedMs += (await contestant.run(units)).elapsedMs
    }
    doneMs += elapsedMs
    const isLongEnough = elapsedMs >= roundMs || units >= most
    if (isLongEnough && doneMs >= limitMs * WARM_UP_PART) return units
    if (isLongEnough) continue
    const growth = Math.min(MOST_GROWTH, (roundMs / Math.max(elapsedMs, 1e-3)) * 1.1)
    units = Math.min(most, Math.ceil((units * growth) / unitStep) * unitStep)
  }
}

/** Every round begins with another one: what comes first after a pause may be slower. */
function orderOf(contestants: readonly Contestant[], round: number): readonly Contestant[] {
  const first = round % contestants.length
  return [...contestants.slice(first), ...contestants.slice(0, first)]
}

async function runRounds(
  { contestants }: Comparison,
  units: number,
  { limitMs, leastRounds, onProgress, signal }: Timing,
): Promise<Map<string, number[]>> {
  const rounds = new Map(contestants.map(({ name }): [string, number[]] => [name, []]))
  const startMs = performance.now()
  for (let round = 0; ; round++) {
    const doneMs = performance.now() - startMs
    onProgress(Math.min(limitMs, doneMs))
    if (round >= leastRounds && doneMs >= limitMs) return rounds
    for (const contestant of orderOf(contestants, round)) {
      signal.throwIfAborted()
      rounds.get(contestant.name)?.push((await contestant.run(units)).value)
    }
  }
}

/** @throws {CommandError} where a contestant fails, or its work does not stand up to being verified */
export async function compareContestants(comparison: Comparison, timing: Timing): Promise<ComparisonReport> {
  const { contestants } = comparison
  try {
    for (const contestant of contestants) await contestant.prepare()
    const units = await warmUp(comparison, timing)
    const rounds = await runRounds(comparison, units, timing)
    for (const contestant of contestants) await contestant.verify()
    return summarize(comparison, rounds, units)
  } finally {
    for (const contestant of contestants) await contestant.end()
  }
}
