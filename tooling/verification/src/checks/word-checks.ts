/** Real threads over the tables that threads share, one access at a time. */
import type { ExploreOptions } from '@bttkit/checker-lanes'
import { runWordProgram, startThreads } from '../words/run-word-program.ts'
import { runAll, type Check } from './check.ts'

const ALL: ExploreOptions = {}
/** Of three threads; the long run takes more of them. */
const FIRST: ExploreOptions = { maxExecutions: 300 }
/**
 * Too deep to be come upon. Thread 1 has looked for a lane and not fallen asleep yet; thread 2 has released its own, which thread 3 took beside the one that it had; then thread 2 found
 * nobody asleep, said that nobody waits, and wants a lane again.
 */
const AFTER_A_CLEARING: ExploreOptions = { ...FIRST, after: 'C2 B2 A6 B2 C B5' }

/** Those that take a second together. */
const PROGRAMS: readonly (readonly [name: string, ExploreOptions])[] = [
  ['one lane, two threads', ALL],
  ['one lane, one tries first', ALL],
  ['one lane in quarantine', ALL],
  ['a lock, two threads', ALL],
  ['a reader and a writer', ALL],
  ['closing and an operation', ALL],
  ['two threads join and leave', ALL],
  ['a cached entry, a writer and a reader', ALL],
  ['a cached entry that makes room, and a reader', ALL],
  ['a cached entry that makes room and comes back, and a reader', ALL],
  ['a lock, three threads', FIRST],
  ['one static lane, one goes away', FIRST],
  ['one lane, three threads', FIRST],
  ['two lanes, held together', AFTER_A_CLEARING],
]

export const THREADS: Check = {
  name: 'threads that share words',
  checker: 'schedules',
  run: async () => {
    const crew = await startThreads()
    try {
      return await runAll(
        PROGRAMS.map(
          ([name, options]) =>
            () =>
              runWordProgram(crew, name, options),
        ),
      )
    } finally {
      await crew.end()
    }
  },
}
