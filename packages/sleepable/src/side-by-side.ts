/**
 * Several operations as one: they wait side by side, whoever drives them.
 *
 * Invariants:
 * - A wait is asked for its end in one way only, that of the driver: by `then`, once, or by `block`. A lazy one starts once.
 * - How a wait ended is told to its own operation and to no other. What the driver throws in is no end of a wait but its refusal to wait; that is told to all.
 * - Whatever the end is, no operation is left at a wait.
 */
import type { Sleepable, Wait, WaitSubject } from '@bttkit/interfaces'

interface Failure {
  readonly error: unknown
}

/** One operation that waits. */
class Branch {
  private readonly operation: Sleepable<void>
  private wait: Wait
  private isListening = false
  private isSettled = false
  private failure: Failure | undefined

  constructor(operation: Sleepable<void>, wait: Wait) {
    this.operation = operation
    this.wait = wait
  }

  get on(): WaitSubject | undefined {
    return this.wait.on
  }

  get knowsItsEnd(): boolean {
    return this.isSettled || this.wait.ready !== undefined
  }

  get isOver(): boolean {
    return this.isSettled || (!this.isListening && this.wait.ready?.() === true)
  }

  get canBlock(): boolean {
    return this.isOver || this.wait.block !== undefined
  }

  listen(onEnd: () => void): void {
    if (this.isListening) return
    this.isListening = true
    const { wait } = this
    const settle = (failure?: Failure): void => {
      if (this.wait !== wait) return
      this.isSettled = true
      this.failure = failure
      onEnd()
    }
    wait.then(
      () => settle(),
      (error: unknown) => settle({ error }),
    )
  }

  block(): void {
    if (this.isSettled || this.isListening || this.wait.block === undefined) return
    try {
      this.wait.block()
    } catch (error) {
      this.failure = { error }
    }
    this.isSettled = true
  }

  /** Goes on to the next wait, or to the end. Returns whether it has ended. @throws what the operation does */
  resume(): boolean {
    // One that knows by itself when it is over has told nobody yet whether it failed.
    this.block()
    const { failure } = this
    const step = failure === undefined ? this.operation.next() : this.operation.throw(failure.error)
    if (step.done === true) return true
    this.wait = step.value
    this.isListening = false
    this.isSettled = false
    this.failure = undefined
    return false
  }

  /** Tells the operation that nobody waits for it, and ends it. */
  refuse(error: unknown): void {
    try {
      this.operation.throw(error)
    } finally {
      this.end()
    }
  }

  end(): void {
    this.operation.return()
  }
}

/** The wait until any of them can go on. It never fails: each hears of its own failure. */
class AnyWait implements Wait {
  // What cannot be done is absent: a driver looks whether it is there.
  declare readonly on?: WaitSubject
  declare readonly ready?: () => boolean
  declare readonly block?: () => void
  private readonly branches: ReadonlySet<Branch>
  private readonly bell: Bell

  constructor(branches: ReadonlySet<Branch>, bell: Bell) {
    this.branches = branches
    this.bell = bell
    const all = [...branches]
    const [first] = all
    if (first?.on !== undefined) this.on = first.on
    if (all.every(({ knowsItsEnd }) => knowsItsEnd)) this.ready = () => all.some(({ isOver }) => isOver)
    const blocked = all.find(({ isOver }) => isOver) ?? all.find(({ canBlock }) => canBlock)
    if (blocked !== undefined) this.block = () => blocked.block()
  }

  // oxlint-disable-next-line unicorn/no-thenable -- a wait is a thenable by contract
  then<T = unknown, F = never>(
    onEnd?: ((value: unknown) => T | PromiseLike<T>) | null,
    onFailure?: ((error: unknown) => F | PromiseLike<F>) | null,
  ): PromiseLike<T | F> {
    return new Promise<void>((resolve) => {
      this.bell.ring = resolve
      for (const branch of this.branches) {
        branch.listen(() => this.bell.ring())
        if (branch.isOver) resolve()
      }
    }).then(onEnd, onFailure)
  }
}

/** Wakes whoever waits for any of the operations at present. */
interface Bell {
  ring(): void
}

class Branches {
  private readonly waiting = new Set<Branch>()
  private readonly bell: Bell = { ring: () => {} }
  private failure: Failure | undefined

  get count(): number {
    return this.waiting.size
  }

  start(operation: Sleepable<void>): void {
    this.noting(() => {
      const step = operation.next()
      if (step.done !== true) this.waiting.add(new Branch(operation, step.value))
    })
  }

  /** Continues all whose waits are over. Returns whether there were any. */
  resume(): boolean {
    const ready = [...this.waiting].filter(({ isOver }) => isOver)
    for (const branch of ready) {
      this.waiting.delete(branch)
      this.noting(() => {
        if (!branch.resume()) this.waiting.add(branch)
      })
    }
    return ready.length > 0
  }

  wait(): Wait {
    return new AnyWait(this.waiting, this.bell)
  }

  /** Ends all that wait. */
  end(how: (branch: Branch) => void): void {
    for (const branch of this.waiting) this.noting(() => how(branch))
    this.waiting.clear()
  }

  throwFirstFailure(): void {
    if (this.failure !== undefined) throw this.failure.error
  }

  private noting(body: () => void): void {
    try {
      body()
    } catch (error) {
      this.failure ??= { error }
    }
  }
}

/**
 * Runs operations side by side; the next one is taken from `operations` when there is room for it. One that fails does not end the others; the first failure is thrown
 * when all have ended.
 *
 * Where the driver blocks the thread they overlap only as far as waits begin before somebody waits for them.
 *
 * @param hasRoom whether another one may begin beside so many that are under way; there always is room for one
 */
export function* sideBySide(
  operations: Iterable<Sleepable<void>>,
  hasRoom: (underWay: number) => boolean,
): Sleepable<void> {
  const iterator = operations[Symbol.iterator]()
  const branches = new Branches()
  let next = iterator.next()
  try {
    while (next.done !== true || branches.count > 0) {
      for (; next.done !== true && (branches.count === 0 || hasRoom(branches.count)); next = iterator.next())
        branches.start(next.value)
      if (branches.count > 0 && !branches.resume()) yield branches.wait()
    }
  } catch (error) {
    // Nothing else throws here: the driver refuses to wait.
    branches.end((branch) => branch.refuse(error))
    throw error
  } finally {
    branches.end((branch) => branch.end())
  }
  branches.throwFirstFailure()
}
