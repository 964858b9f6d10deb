/** Real threads over the tables that threads share: all word programs. */
import type { ExploreOptions } from '@bttkit/checker-lanes'
import type { Verdict } from './checks/check.ts'
import { runWordProgram, startThreads } from './words/run-word-program.ts'

/** Of which there are too many schedules to run them all: those with at most two preemptions, and some by chance. */
const LARGE: ReadonlySet<string> = new Set([
  'one lane, three threads',
  'one lane, one tries first, and a third',
  'one lane in quarantine, three threads',
  'one static lane in quarantine',
  'one lane, one goes away',
  'one lane, three threads that look before they sleep',
  'one static lane, three threads that look before they sleep',
  'two readers and a writer',
])
/**
 * Of which there are too many even with few preemptions, because their threads use several lanes, a round may end at any moment, or who looks for a dead thread makes hundreds of accesses: by chance
 * only.
 */
const VAST: ReadonlySet<string> = new Set([
  'two lanes, held together',
  'one lane, one goes away, rounds that end',
  'a lock, three threads, rounds that end',
  'two threads look for a dead one',
])
const BY_CHANCE = 1000

export interface WordReport extends Verdict {
  readonly name: string
  /** Accesses to words, of all schedules. */
  readonly accesses: number
}

type Search = readonly [what: string, options: ExploreOptions]

const ALL: Search = ['all schedules', {}]
const FEW_PREEMPTIONS: Search = ['two preemptions', { maxPreemptions: 2 }]
const RANDOM: Search = ['random priorities', { strategy: 'pct', maxExecutions: BY_CHANCE }]

function searches(name: string): Search[] {
  if (VAST.has(name)) return [RANDOM]
  return LARGE.has(name) ? [FEW_PREEMPTIONS, RANDOM] : [ALL]
}

export async function* longWords(): AsyncGenerator<WordReport> {
  const crew = await startThreads()
  try {
    for (const name of crew.names) {
      for (const [what, options] of searches(name)) {
        const verdict = await runWordProgram(crew, name, options)
        // By chance nothing is ever complete.
        const isComplete = verdict.isComplete || options.strategy === 'pct'
        yield { ...verdict, isComplete, name: `${name}, ${what}` }
      }
    }
  } finally {
    await crew.end()
  }
}
