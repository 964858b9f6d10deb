/**
 * A program of real threads as a scenario: the explorer decides which of them makes the next access to a word.
 *
 * A task follows each thread: a step grants it one access and lets it run up to its next request. So one access happens at a time, and what is explored is their order.
 *
 * Invariants:
 * - Who sleeps on which word is known here only. A thread goes to sleep in the step of its wait, if the word is still what it expects, behind all who sleep there
 *   already; a notification wakes the first. Both touch the queue of the word, so their order is never taken for unimportant.
 * - A wait ends by a notification, or by an alarm where the program has any. Nothing else ends it, so a thread whose wake-up is lost sleeps on: a deadlock.
 * - Who was woken runs up to its next request within the step of who woke it. It touches nothing that is shared on the way.
 * - An access that leaves its word as it was counts as a read: it and others such may change places.
 */
import {
  InvariantError,
  type Sleepable,
  type Wait,
  type WaitSubject,
  type WordWaitResult,
} from '@bttkit/interfaces'
import type { Program, Scenario, StepRecorder } from './explore-scenario.ts'
import type { ThreadCrew } from './thread-crew.ts'
import { WAIT_RESULTS } from './token-atomics.ts'
import type { WordProgram } from './word-program.ts'
import type { Order, WordToken } from './word-token.ts'

/** How long a thread may run without asking for an access. */
const PATIENCE_MS = 10_000

function subject(object: 'word' | 'wake-up', kind: 'read' | 'write', index: number): WaitSubject {
  return { object, kind, start: index, end: index + 1 }
}

/** What a task waits for; only the steps of others end it. */
function waitUntil(ready: () => boolean, on: () => WaitSubject | undefined): Wait {
  // oxlint-disable-next-line unicorn/no-thenable -- a wait is a thenable by contract
  const wait = { ready, then: Promise.prototype.then.bind(new Promise<never>(() => {})) }
  return Object.defineProperty(wait, 'on', { get: on })
}

/** A thread in a run. */
class FollowedThread {
  /** The word on which it sleeps. */
  sleepsOn: number | undefined
  readonly number: number
  readonly token: WordToken

  constructor(number: number, token: WordToken) {
    this.number = number
    this.token = token
  }

  get hasEnded(): boolean {
    const { requested } = this.token
    return requested === 'ended' || requested === 'failed'
  }

  /** Whether it sleeps or has ended, so that its alarm may ring or go. */
  get isIdle(): boolean {
    return this.sleepsOn !== undefined || this.hasEnded
  }

  /** What its next step begins with: all accesses and waits look at the word, and notifications at its queue. */
  get subject(): WaitSubject | undefined {
    if (this.sleepsOn !== undefined) return subject('wake-up', 'write', this.sleepsOn)
    if (this.hasEnded) return undefined
    return subject(this.token.requested === 'notify' ? 'wake-up' : 'word', 'read', this.token.word)
  }

  /** @throws {InvariantError} when it neither asks for an access nor ends */
  letRun(order: Order, result?: number): void {
    if (this.token.letRun(order, result, PATIENCE_MS)) return
    throw new InvariantError({}, `thread ${this.number + 1} made no access for ${PATIENCE_MS} ms`)
  }

  /** What it has thrown. */
  failure(): Error {
    const [name = '', ...rest] = this.token.readText().split(': ')
    return Object.assign(new Error(rest.join(': ')), { name })
  }
}

class WordRun implements Program {
  readonly tasks: Program['tasks']
  private readonly program: WordProgram
  private readonly recorder: StepRecorder
  private readonly words: Int32Array
  private readonly threads: readonly FollowedThread[]
  /** The longest asleep first. */
  private asleep: FollowedThread[] = []

  constructor(crew: ThreadCrew, name: string, recorder: StepRecorder) {
    this.program = crew.program(name)
    this.recorder = recorder
    this.words = crew.freshWords(this.program.wordCount)
    this.threads = this.program.threads.map((_, number) => new FollowedThread(number, crew.token(number)))
    for (const thread of this.threads) {
      thread.token.writeText(name)
      thread.letRun('start')
    }
    const followers = this.threads.map((thread) => ({
      name: `thread ${thread.number + 1}`,
      operation: this.follow(thread),
    }))
    const alarms = this.threads.map((thread) => ({
      name: `alarm of thread ${thread.number + 1}`,
      operation: this.alarm(thread),
    }))
    this.tasks = this.program.timeouts === undefined ? followers : [...followers, ...alarms]
  }

  check(): string | undefined {
    return this.program.check(this.words)
  }

  dispose(): void {
    for (const thread of this.threads) if (!thread.hasEnded) thread.letRun('go')
  }

  private *follow(thread: FollowedThread): Sleepable<void> {
    const turn = waitUntil(
      () => thread.sleepsOn === undefined,
      () => thread.subject,
    )
    while (!thread.hasEnded) {
      yield turn
      if (!thread.hasEnded) this.access(thread)
    }
    if (thread.token.requested === 'failed') throw thread.failure()
  }

  /** Makes the access that a thread has asked for. */
  private access(thread: FollowedThread): void {
    const { requested, word, value } = thread.token
    if (requested === 'wait') this.wait(thread, word, value)
    else if (requested === 'notify') this.notify(thread, word, value)
    else {
      const before = this.words[word]
      thread.letRun('grant')
      if (this.words[word] !== before) this.recorder.touch(subject('word', 'write', word))
    }
    if (thread.isIdle) this.recorder.touch(this.alarmOf(thread))
  }

  private wait(thread: FollowedThread, word: number, expected: number): void {
    if (this.words[word] !== expected) {
      thread.letRun('grant', WAIT_RESULTS.indexOf('not-equal'))
      return
    }
    this.recorder.touch(subject('wake-up', 'write', word))
    thread.sleepsOn = word
    this.asleep.push(thread)
  }

  private notify(thread: FollowedThread, word: number, count: number): void {
    const woken = this.asleep.filter(({ sleepsOn }) => sleepsOn === word).slice(0, count)
    for (const sleeper of woken) this.wake(sleeper, word, 'ok')
    thread.letRun('grant', woken.length)
  }

  private wake(sleeper: FollowedThread, word: number, result: WordWaitResult): void {
    this.recorder.touch(subject('wake-up', 'write', word))
    this.asleep = this.asleep.filter((thread) => thread !== sleeper)
    sleeper.sleepsOn = undefined
    sleeper.letRun('grant', WAIT_RESULTS.indexOf(result))
    if (sleeper.hasEnded) this.recorder.touch(this.alarmOf(sleeper))
  }

  /** Ends waits of a thread before anybody does, as often as the program allows. */
  private *alarm(thread: FollowedThread): Sleepable<void> {
    const idle = waitUntil(
      () => thread.isIdle,
      () => this.alarmOf(thread),
    )
    const { timeouts = 0 } = this.program
    for (let rung = 0; rung < timeouts; rung++) {
      yield idle
      if (thread.sleepsOn === undefined) return
      this.wake(thread, thread.sleepsOn, 'timed-out')
    }
  }

  /** What the alarm of a thread waits for. */
  private alarmOf({ number }: FollowedThread): WaitSubject {
    return subject('wake-up', 'write', this.program.wordCount + number)
  }
}

/**
 * All runs of a program of a crew's module.
 *
 * @throws {RangeError} for a program that there is not
 */
export function wordScenario(crew: ThreadCrew, name: string): Scenario {
  crew.program(name)
  return { name, make: (recorder) => new WordRun(crew, name, recorder) }
}
