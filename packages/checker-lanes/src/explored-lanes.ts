/**
 * A lane table whose every use is a scheduling point or told to the recorder; and locks likewise. What is inside stays the table of production.
 *
 * `tryAcquire` answers "not now" to a task that has no lane, so that the engine goes on to `acquire`, which can yield a point first.
 */
import type {
  LaneTable,
  LaneWaitOptions,
  LockTable,
  Sleepable,
  WaitKind,
  WaitObject,
  WaitSubject,
} from '@bttkit/interfaces'
import { preemptionPoint } from '@bttkit/sleepable'
import { LANE_PROPERTY } from './explored-accesses.ts'
import type { StepRecorder } from './explore-scenario.ts'

const one = (object: WaitObject, kind: WaitKind, index: number): WaitSubject => ({
  object,
  kind,
  start: index,
  end: index + 1,
})

/**
 * Lanes for exploration.
 *
 * - The hint is that of the task. The engine counts its operations to find hints, and that count would make all of them depend on each other.
 * - An acquire touches all lanes, because with most policies it looks at several. A release touches its own; while somebody waits it touches all,
 *   because the order of two releases decides which of the lanes the first waiter gets.
 * - From its acquire to its release a task touches in every step what the lane owns (free block, flog position, buffers): they change without a
 *   scheduling point. With lanes that are exclusive this makes no difference, with others it is where the schedules of interest are.
 */
export class ExploredLanes implements LaneTable {
  readonly laneCount: number
  readonly atomicWhileHeld: boolean
  readonly isExclusive: boolean
  declare readonly isWaitedFor?: () => boolean
  private readonly inner: LaneTable
  private readonly recorder: StepRecorder
  private readonly hints: readonly number[]
  private readonly crowd: { waiting: number }
  /** By lane: the task that got it last, and still has it. */
  private readonly holders: (number | undefined)[] = []

  /**
   * @param hints by the number of the task; 0 where it is missing
   * @param crowd how many wait for a lane: one for all tables over the same lanes
   */
  constructor(
    inner: LaneTable,
    recorder: StepRecorder,
    hints: readonly number[],
    crowd: { waiting: number } = { waiting: 0 },
  ) {
    this.inner = inner
    this.crowd = crowd
    this.laneCount = inner.laneCount
    this.atomicWhileHeld = inner.atomicWhileHeld
    this.isExclusive = inner.isExclusive
    this.recorder = recorder
    this.hints = hints
    if (inner.isWaitedFor !== undefined)
      this.isWaitedFor = () => {
        recorder.touch(this.all('acquire'))
        return inner.isWaitedFor?.() === true
      }
  }

  /** For a task that has a lane: one more, in the same step. Whoever could come between might as well have come before it. */
  tryAcquire(hint: number): number | undefined {
    const { recorder } = this
    if (!this.holders.includes(recorder.task)) return undefined
    recorder.touch(this.all('acquire'))
    const lane = this.inner.tryAcquire(hint)
    if (lane !== undefined) this.occupy(lane)
    return lane
  }

  *acquire(_hint: number, options?: LaneWaitOptions): Sleepable<number> {
    const { recorder } = this
    yield preemptionPoint(this.all('acquire'))
    const lane = yield* this.acquireInside(this.hints[recorder.task] ?? 0, options)
    this.occupy(lane)
    return lane
  }

  turnOf(lane: number): number {
    return this.inner.turnOf(lane)
  }

  release(lane: number, turn?: number): void {
    this.recorder.touch(this.crowd.waiting > 0 ? this.all('release') : one('lane', 'release', lane))
    this.vacate(lane)
    this.inner.release(lane, turn)
  }

  quarantine(lane: number, turn?: number): void {
    this.recorder.touch(one('lane', 'write', lane))
    this.vacate(lane)
    this.inner.quarantine(lane, turn)
  }

  restore(lane: number): void {
    this.recorder.touch(this.all('release'))
    this.inner.restore(lane)
  }

  heldCount(): number {
    return this.inner.heldCount()
  }

  private occupy(lane: number): void {
    this.holders[lane] = this.recorder.task
    this.recorder.occupy({ object: LANE_PROPERTY, kind: 'write', start: lane, end: lane + 1 })
  }

  private vacate(lane: number): void {
    this.holders[lane] = undefined
    this.recorder.vacate({ object: LANE_PROPERTY, start: lane })
  }

  private *acquireInside(hint: number, options: LaneWaitOptions | undefined): Sleepable<number> {
    this.crowd.waiting++
    try {
      return yield* this.inner.acquire(hint, options)
    } finally {
      this.crowd.waiting--
    }
  }

  private all(kind: WaitKind): WaitSubject {
    return { object: 'lane', kind, start: 0, end: this.laneCount }
  }
}

/** Map locks for exploration. */
export class ExploredLocks implements LockTable {
  readonly lockCount: number
  private readonly inner: LockTable
  private readonly recorder: StepRecorder
  private readonly tries: boolean
  private readonly used = new Set<number>()

  /** @param tries whether a free lock is taken without a scheduling point */
  constructor(inner: LockTable, recorder: StepRecorder, tries = false) {
    this.inner = inner
    this.lockCount = inner.lockCount
    this.recorder = recorder
    this.tries = tries
  }

  tryAcquire(index: number): boolean {
    if (!this.tries) return false
    this.recorder.touch(one('map-lock', 'acquire', index))
    this.used.add(index)
    return this.inner.tryAcquire(index)
  }

  *acquire(index: number): Sleepable<void> {
    yield preemptionPoint(one('map-lock', 'acquire', index))
    this.used.add(index)
    yield* this.inner.acquire(index)
  }

  release(index: number): void {
    this.recorder.touch(one('map-lock', 'release', index))
    this.inner.release(index)
  }

  /** For the end of a run: a lock that somebody has. */
  heldLock(): number | undefined {
    return [...this.used].find((index) => {
      const isFree = this.inner.tryAcquire(index)
      if (isFree) this.inner.release(index)
      return !isFree
    })
  }
}
