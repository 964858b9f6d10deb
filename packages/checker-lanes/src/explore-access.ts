/**
 * What a step touches, and which steps may change places.
 *
 * Two steps of different tasks are independent when they may run in either order from any state with the same outcome. Here they are when nothing
 * that both touch is changed by one of them. Flushes are independent of everything: no power is cut here, so a flush changes nothing that a task could see.
 */
import type { WaitKind } from '@bttkit/interfaces'

/** One thing that a step does to a range of an object that tasks share. A `WaitSubject` is one. */
export interface Access {
  /** What is shared. A `WaitObject`, or any other name that a scenario gives to something that its tasks share. */
  readonly object: string
  readonly kind: WaitKind
  readonly start: number
  /** One past the last. */
  readonly end: number
}

/** Entering and leaving the read tracking: a block is read while somebody has it, whoever came first. */
function isCounting({ object, kind }: Access): boolean {
  return object === 'read-tracking' && (kind === 'write' || kind === 'release')
}

function clash(one: Access, other: Access): boolean {
  if (one.object !== other.object || one.start >= other.end || other.start >= one.end) return false
  if (one.kind === 'flush' || other.kind === 'flush') return false
  if (isCounting(one) && isCounting(other)) return false
  return one.kind !== 'read' || other.kind !== 'read'
}

/** Whether the order of two steps that touch this can matter. */
export function areDependent(one: readonly Access[], other: readonly Access[]): boolean {
  return one.some((access) => other.some((another) => clash(access, another)))
}

/** A step that was made. */
export interface Step {
  /** The number of the task. */
  readonly task: number
  readonly touched: readonly Access[]
  /** The other tasks that it let go on or stopped: each of them could go on on one side of the step only. */
  readonly toggled: readonly number[]
}

/** Whether a step may not come before an earlier one of another task. A step that lets a task go on, or stops it, comes before what that task does next, whatever they touch. */
export function dependsOn(later: Step, earlier: Step): boolean {
  return earlier.toggled.includes(later.task) || areDependent(earlier.touched, later.touched)
}

/** Whether two steps did the same things in the same order. */
export function areSame(one: readonly Access[], other: readonly Access[]): boolean {
  if (one.length !== other.length) return false
  return one.every(({ object, kind, start, end }, index) => {
    const another = other[index]
    return (
      object === another?.object && kind === another.kind && start === another.start && end === another.end
    )
  })
}
