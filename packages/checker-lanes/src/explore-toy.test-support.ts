/** Small programs over shared words, of which one can say how many classes of schedules they have. */
import type { Sleepable } from '@bttkit/interfaces'
import { preemptionPoint } from '@bttkit/sleepable'
import type { Scenario } from './explore-scenario.ts'

export interface WordAccess {
  readonly kind: 'read' | 'write'
  readonly word: number
}

/**
 * A word remembers every write, and a task every read with all the writes that it saw. So two schedules leave the same state exactly when they differ in
 * the order of independent steps only.
 */
export class Words {
  private readonly logs: string[][] = []
  private readonly views: string[] = []

  perform(task: number, index: number, { kind, word }: WordAccess): void {
    const log = (this.logs[word] ??= [])
    if (kind === 'write') log.push(`${task}.${index}`)
    else this.views.push(`${task}.${index} saw ${log.join(' ')}`)
  }

  state(): string {
    return JSON.stringify([this.logs.map((log) => log ?? []), this.views.toSorted()])
  }
}

function* accessesOf(words: Words, task: number, accesses: readonly WordAccess[]): Sleepable<void> {
  for (const [index, access] of accesses.entries()) {
    yield preemptionPoint({ object: 'provider', kind: access.kind, start: access.word, end: access.word + 1 })
    words.perform(task, index, access)
  }
}

/** Tasks that make these accesses; each final state is told to `onEnd`. */
export function wordScenario(
  tasks: readonly (readonly WordAccess[])[],
  onEnd: (state: string) => void = () => {},
): Scenario {
  return {
    name: 'words',
    make: () => {
      const words = new Words()
      return {
        tasks: tasks.map((accesses, task) => ({
          name: `task ${task}`,
          operation: accessesOf(words, task, accesses),
        })),
        check: () => {
          onEnd(words.state())
          return undefined
        },
      }
    },
  }
}

/** The final states of all interleavings, found without the explorer. */
export function everyState(tasks: readonly (readonly WordAccess[])[]): Set<string> {
  const states = new Set<string>()
  const order: number[] = []
  const done = tasks.map(() => 0)
  const go = (): void => {
    let isEnd = true
    for (const [task, accesses] of tasks.entries()) {
      if ((done[task] ?? 0) >= accesses.length) continue
      isEnd = false
      done[task] = (done[task] ?? 0) + 1
      order.push(task)
      go()
      order.pop()
      done[task] = (done[task] ?? 0) - 1
    }
    if (!isEnd) return
    const words = new Words()
    const next = tasks.map(() => 0)
    for (const task of order) {
      const index = next[task] ?? 0
      next[task] = index + 1
      const access = tasks[task]?.[index]
      if (access !== undefined) words.perform(task, index, access)
    }
    states.add(words.state())
  }
  go()
  return states
}

/**
 * The program of the paper by Abdulla et al. that keeps a reader's number of steps open: task i of n writes word i with the value of word i - 1 and one
 * more; a reader goes down from word n to the first that is 0.
 */
export function lastZero(writers: number): Scenario {
  const make = () => {
    const words = Array.from({ length: writers + 1 }, () => 0)
    const at = (kind: 'read' | 'write', word: number) =>
      preemptionPoint({ object: 'provider', kind, start: word, end: word + 1 })
    const writer = function* (word: number): Sleepable<void> {
      yield at('read', word - 1)
      const before = words[word - 1] ?? 0
      yield at('write', word)
      words[word] = before + 1
    }
    const reader = function* (): Sleepable<void> {
      for (let word = writers; ; word--) {
        yield at('read', word)
        if (words[word] === 0) return
      }
    }
    const operations = [reader(), ...words.slice(1).map((_, index) => writer(index + 1))]
    return {
      tasks: operations.map((operation, task) => ({ name: `task ${task}`, operation })),
      check: () => undefined,
    }
  }
  return { name: 'last zero', make }
}
