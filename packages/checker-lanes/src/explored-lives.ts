/**
 * The threads of a run: each is played by one task, and some of them die.
 *
 * A thread can die at its events: where something that others can see has changed by its own doing since its last event. That is looked for at the end of each of its steps, and
 * within a step before and after each use of what threads share. Between two events its death would leave the same behind as at the first of them.
 *
 * Invariants:
 * - Whoever is dead takes no step any more, and nothing of it is ended: its operation is dropped at a wait.
 * - Where a thread dies in the midst of a step, what the rest of that step does is taken back from the shared words and the storage before anybody else goes on.
 * - A wait for somebody else may time out, as in production after a round, once for each change in who is dead and who is recovered by whom. Where nothing
 *   of that has changed, to look again would find the same.
 */
import type { Sleepable, Wait } from '@bttkit/interfaces'
import type { ThreadWatch } from '@bttkit/region-lanes'
import type { Access } from './explore-access.ts'
import { MOST_TASKS } from './explore-schedule.ts'
import { NOBODY, type StepRecorder } from './explore-scenario.ts'
import { LANE_PROPERTY } from './explored-accesses.ts'
import type { ExploredMemory } from './explored-memory.ts'

/** When a thread dies. */
export interface Death {
  /** The task that plays it. */
  readonly task: number
  /** At which of its events, from 1. */
  readonly event: number
  /** Whether only those events count at which it recovers somebody else. */
  readonly inRecovery?: boolean | undefined
}

/** Who is alive, and who recovers whom: what looks for dead threads read, and deaths and recoveries change. */
const LIVES = 'lives'

/** The number of a thread that is played by no task. No task has it. */
export const BYSTANDER = MOST_TASKS

/** What threads share at some moment. */
interface SharedState {
  readonly words: Uint8Array
  writeCount: number
}

interface Life {
  events: number
  eventsInRecovery: number
  isRecovering: boolean
  /** What it left, where it dies in the midst of the present step. */
  left: SharedState | undefined
  isDead: boolean
  /** The number of changes in `Lives` at its last look for the dead. */
  lookedAt: number
  /** What it waited for last. */
  awaited: Access | undefined
}

export class Lives {
  /** Knows the threads, in place of the kernel. */
  readonly watch: ThreadWatch = {
    currentThread: () => ({ id: 1 + this.current(), start: 0 }),
    hasGone: ({ id }) => this.lives.get(id - 1)?.isDead === true,
  }
  /** Those of the deaths that have come. */
  readonly came: Death[] = []
  private readonly recorder: StepRecorder
  private readonly memory: ExploredMemory
  private readonly deaths: readonly Death[]
  private readonly lives = new Map<number, Life>()
  private words: Uint8Array = new Uint8Array()
  /** At the last change. */
  private last: SharedState = { words: new Uint8Array(), writeCount: 0 }
  private acting = BYSTANDER
  private changes = 1

  constructor(recorder: StepRecorder, memory: ExploredMemory, deaths: readonly Death[]) {
    this.recorder = recorder
    this.memory = memory
    this.deaths = deaths
  }

  /** The words that the threads share. */
  share(state: SharedArrayBuffer): void {
    this.words = new Uint8Array(state)
    this.last = { words: new Uint8Array(state.byteLength), writeCount: 0 }
  }

  /** Acts as the thread of a task, outside of all steps. */
  as<T>(task: number, act: () => T): T {
    this.acting = task
    try {
      return act()
    } finally {
      this.acting = BYSTANDER
    }
  }

  isDead(task: number): boolean {
    const life = this.lives.get(task)
    return life !== undefined && (life.isDead || life.left !== undefined)
  }

  /** What the calling task does as a thread: to its end, or up to its death. */
  *live(operation: Sleepable<void>): Sleepable<void> {
    const { task } = this.recorder
    this.beginStep()
    let step = operation.next()
    for (;;) {
      this.endStep()
      if (this.isDead(task) || step.done === true) return
      let failure: { error: unknown } | undefined
      try {
        yield this.patiently(task, step.value)
      } catch (error) {
        failure = { error }
      }
      step = failure === undefined ? operation.next() : operation.throw(failure.error)
    }
  }

  /** A part of a step is done: if others can see it, the thread may die here. */
  event(): void {
    const { task } = this.recorder
    if (task === NOBODY || this.isDead(task) || !this.hasChanged()) return
    this.keep()
    const life = this.lifeOf(task)
    life.events++
    if (life.isRecovering) life.eventsInRecovery++
    const death = this.deaths.find(
      (each) =>
        each.task === task && each.event === (each.inRecovery === true ? life.eventsInRecovery : life.events),
    )
    if (death === undefined) return
    this.came.push(death)
    life.left = { ...this.last, words: this.last.words.slice() }
  }

  /** The calling thread looks for the dead. */
  look(): void {
    this.recorder.touch({ object: LIVES, kind: 'read', start: 0, end: 1 })
    this.lifeOf(this.current()).lookedAt = this.changes
  }

  /** The calling thread has claimed a dead one. */
  beginRecovery(): void {
    this.lifeOf(this.current()).isRecovering = true
    this.change()
  }

  /** The calling thread has buried the one that it had claimed, or gives up. Where it waited before, it looks now whether that is over. */
  endRecovery(): void {
    const life = this.lifeOf(this.current())
    life.isRecovering = false
    if (life.awaited !== undefined) this.recorder.touch(life.awaited)
    this.change()
  }

  get isRecovering(): boolean {
    return this.lifeOf(this.current()).isRecovering
  }

  private current(): number {
    return this.recorder.task === NOBODY ? this.acting : this.recorder.task
  }

  private lifeOf(task: number): Life {
    let life = this.lives.get(task)
    if (life === undefined) {
      life = {
        events: 0,
        eventsInRecovery: 0,
        isRecovering: false,
        left: undefined,
        isDead: false,
        lookedAt: 0,
        awaited: undefined,
      }
      this.lives.set(task, life)
    }
    return life
  }

  private beginStep(): void {
    if (this.hasChanged()) this.keep()
    if (!this.isRecovering) return
    // What the dead thread held, beside what the step touches by itself.
    this.touchLives()
    this.recorder.touch({ object: LANE_PROPERTY, kind: 'write', start: 0, end: Infinity })
  }

  private endStep(): void {
    this.event()
    const life = this.lifeOf(this.recorder.task)
    if (life.left === undefined) return
    this.words.set(life.left.words)
    this.memory.rollBack(life.left.writeCount)
    life.left = undefined
    life.isDead = true
    this.change()
  }

  private change(): void {
    this.changes++
    this.touchLives()
  }

  private touchLives(): void {
    this.recorder.touch({ object: LIVES, kind: 'write', start: 0, end: 1 })
  }

  /** The same wait, of which the act belongs to the step that follows; one for somebody else may time out. */
  private patiently(task: number, wait: Wait): Wait {
    const life = this.lifeOf(task)
    const isForSomebody = wait.isPreemption !== true
    if (isForSomebody) life.awaited = wait.on
    const mayTimeOut = (): boolean => isForSomebody && this.came.length > 0 && life.lookedAt !== this.changes
    return {
      ...(wait.on && { on: wait.on }),
      ...(wait.isPreemption && { isPreemption: wait.isPreemption }),
      ready: () => wait.ready?.() === true || mayTimeOut(),
      block: () => {
        this.beginStep()
        wait.block?.()
      },
      // oxlint-disable-next-line unicorn/no-thenable -- a wait is a thenable by contract
      then: (...callbacks) => wait.then(...callbacks),
    }
  }

  private keep(): void {
    this.last.words.set(this.words)
    this.last.writeCount = this.memory.writeCount
  }

  private hasChanged(): boolean {
    const { words, writeCount } = this.last
    return writeCount !== this.memory.writeCount || Buffer.compare(words, this.words) !== 0
  }
}
