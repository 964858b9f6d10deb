import type {
  LaneTable,
  LaneTableFactory,
  LaneTableOptions,
  LaneWaitOptions,
  Sleepable,
} from '@bttkit/interfaces'
import type { CurrentTask } from './current-task.ts'
import type { LaneLog } from './lane-log.ts'

/**
 * A lane table under observation: the hint is the CPU of the task that runs, as in a kernel, and it is noted which lane each write got.
 * For the rest it is the table inside.
 */
class ObservedLanes implements LaneTable {
  readonly laneCount: number
  readonly atomicWhileHeld: boolean
  readonly isExclusive: boolean
  private readonly inner: LaneTable
  private readonly current: CurrentTask
  private readonly log: LaneLog

  constructor(inner: LaneTable, current: CurrentTask, log: LaneLog) {
    this.inner = inner
    this.laneCount = inner.laneCount
    this.atomicWhileHeld = inner.atomicWhileHeld
    this.isExclusive = inner.isExclusive
    this.current = current
    this.log = log
  }

  tryAcquire(hint: number): number | undefined {
    const lane = this.inner.tryAcquire(this.current.identity?.cpu ?? hint)
    if (lane !== undefined) this.note(this.current.identity?.number, this.current.identity?.generation, lane)
    return lane
  }

  *acquire(hint: number, options?: LaneWaitOptions): Sleepable<number> {
    // Who runs when the lane is there may be another.
    const { number, cpu, generation } = this.current.identity ?? {}
    const lane = yield* this.inner.acquire(cpu ?? hint, options)
    this.note(number, generation, lane)
    return lane
  }

  isWaitedFor(): boolean {
    return this.inner.isWaitedFor?.() === true
  }

  turnOf(lane: number): number {
    return this.inner.turnOf(lane)
  }

  release(lane: number, turn?: number): void {
    this.inner.release(lane, turn)
  }

  quarantine(lane: number, turn?: number): void {
    this.inner.quarantine(lane, turn)
  }

  restore(lane: number): void {
    this.inner.restore(lane)
  }

  heldCount(): number {
    return this.inner.heldCount()
  }

  private note(task: number | undefined, generation: number | undefined, lane: number): void {
    if (task !== undefined && generation !== undefined && generation > 0)
      this.log.record(task, generation, lane)
  }
}

/** A table of several threads. */
type RecoverableLanes = LaneTable & Required<Pick<LaneTable, 'lanesOf' | 'takeOver'>>

/** With what a table of several threads has besides. */
class ObservedSharedLanes extends ObservedLanes {
  readonly lanesOf: NonNullable<LaneTable['lanesOf']>
  readonly takeOver: NonNullable<LaneTable['takeOver']>

  constructor(inner: RecoverableLanes, current: CurrentTask, log: LaneLog) {
    super(inner, current, log)
    this.lanesOf = (thread) => inner.lanesOf(thread)
    this.takeOver = (lane, thread) => inner.takeOver(lane, thread)
  }
}

function isShared(lanes: LaneTable): lanes is RecoverableLanes {
  return lanes.lanesOf !== undefined && lanes.takeOver !== undefined
}

/** The same tables, observed. */
export function observeLanes(make: LaneTableFactory, current: CurrentTask, log: LaneLog): LaneTableFactory {
  return (words: Int32Array, options: LaneTableOptions): LaneTable => {
    const lanes = make(words, options)
    return isShared(lanes)
      ? new ObservedSharedLanes(lanes, current, log)
      : new ObservedLanes(lanes, current, log)
  }
}
