/** Small programs over words, locks and flags: tasks that let each other go on, stop each other, and wait for ever. */
import type { Sleepable, Wait, WaitSubject } from '@bttkit/interfaces'
import { MutexLocks } from '@bttkit/region-lanes'
import { preemptionPoint } from '@bttkit/sleepable'
import type { Scenario, StepRecorder } from './explore-scenario.ts'

export type LockStep =
  | { readonly kind: 'read' | 'write'; readonly word: number }
  | { readonly kind: 'acquire' | 'release'; readonly lock: number }
  /** Goes on when the flag is up; it may be down again by then for others. */
  | { readonly kind: 'await' | 'raise' | 'lower'; readonly flag: number }

const FLAGS = 100
const LOCK_COUNT = 2

const wordSubject = (kind: 'read' | 'write', word: number): WaitSubject => ({
  object: 'provider',
  kind,
  start: word,
  end: word + 1,
})

class Shared {
  readonly locks = new MutexLocks(new Int32Array(LOCK_COUNT), 'map-lock')
  readonly flags = new Set<number>()
}

/** Over while the flag is up. */
function flagWait(shared: Shared, flag: number): Wait {
  const ready = (): boolean => shared.flags.has(flag)
  return Object.assign(new Promise<void>(() => {}), { on: wordSubject('read', FLAGS + flag), ready })
}

function* useLock(
  recorder: StepRecorder,
  { locks }: Shared,
  kind: 'acquire' | 'release',
  lock: number,
): Sleepable<void> {
  const subject = { object: 'map-lock', kind, start: lock, end: lock + 1 } as const
  if (kind === 'acquire') {
    yield preemptionPoint(subject)
    yield* locks.acquire(lock)
  } else {
    recorder.touch(subject)
    locks.release(lock)
  }
}

function* useFlag(shared: Shared, kind: 'await' | 'raise' | 'lower', flag: number): Sleepable<void> {
  if (kind === 'await') {
    yield flagWait(shared, flag)
    return
  }
  yield preemptionPoint(wordSubject('write', FLAGS + flag))
  if (kind === 'raise') shared.flags.add(flag)
  else shared.flags.delete(flag)
}

function* perform(recorder: StepRecorder, shared: Shared, step: LockStep): Sleepable<void> {
  if ('word' in step) yield preemptionPoint(wordSubject(step.kind, step.word))
  else if ('lock' in step) yield* useLock(recorder, shared, step.kind, step.lock)
  else yield* useFlag(shared, step.kind, step.flag)
}

function* inTurn(recorder: StepRecorder, shared: Shared, steps: readonly LockStep[]): Sleepable<void> {
  for (const step of steps) yield* perform(recorder, shared, step)
}

export function lockScenario(tasks: readonly (readonly LockStep[])[]): Scenario {
  return {
    name: 'locks',
    make: (recorder) => {
      const shared = new Shared()
      return {
        tasks: tasks.map((steps, task) => ({
          name: `task ${task}`,
          operation: inTurn(recorder, shared, steps),
        })),
        check: () => undefined,
      }
    },
  }
}
