import type { MaybeSleep, ReadTracking, Sleepable, WaitKind, WaitSubject } from '@bttkit/interfaces'
import { preemptionPoint } from '@bttkit/sleepable'
import { NOBODY, type StepRecorder } from './explore-scenario.ts'
import { pointBefore } from './explored-provider.ts'

const tracked = (kind: WaitKind, block: number): WaitSubject => ({
  object: 'read-tracking',
  kind,
  start: block,
  end: block + 1,
})

/**
 * Read tracking whose every use is a scheduling point or told to the recorder. What is inside stays that of production.
 *
 * `isRead` and, to a task, `anyRead` answer "perhaps", so that the engine goes on to `waitUntilUnread`, which can yield a point first and then looks.
 */
export class ExploredReadTracking implements ReadTracking {
  private readonly inner: ReadTracking
  private readonly recorder: StepRecorder
  /** By lane: the block that its entry names. */
  private readonly named: (number | undefined)[]

  /** @param named of all tables over the same entries one and the same */
  constructor(inner: ReadTracking, recorder: StepRecorder, named: (number | undefined)[] = []) {
    this.inner = inner
    this.recorder = recorder
    this.named = named
  }

  enter(lane: number, block: number): MaybeSleep {
    return pointBefore(tracked('write', block), () => {
      this.forget(lane)
      this.named[lane] = block
      void this.inner.enter(lane, block)
    })
  }

  leave(lane: number): void {
    this.forget(lane)
    this.inner.leave(lane)
  }

  isRead(): boolean {
    return true
  }

  anyRead(): boolean {
    return this.recorder.task !== NOBODY || this.inner.anyRead()
  }

  *waitUntilUnread(block: number): Sleepable<void> {
    yield preemptionPoint(tracked('read', block))
    if (!this.inner.isRead(block)) return
    // It takes a place among those that wait for this block.
    this.recorder.touch(tracked('acquire', block))
    yield* this.inner.waitUntilUnread(block)
  }

  /** The lane's entry names its block no more. */
  private forget(lane: number): void {
    const block = this.named[lane]
    if (block === undefined) return
    this.named[lane] = undefined
    this.recorder.touch(tracked('release', block))
  }
}
