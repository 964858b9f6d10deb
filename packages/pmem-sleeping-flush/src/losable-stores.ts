import {
  type BadBlockError,
  isBttkitError,
  type ByteRange,
  type MaybeSleep,
  type PmemProvider,
  type Sleepable,
} from '@bttkit/interfaces'
import { runAsync } from './driven-wait.ts'
import { Slots } from './slots.ts'
import { UndoLog } from './undo-log.ts'

/** A range that a call stores. */
export interface StoredRange extends ByteRange {
  /** What is stored there; zeros where it is absent. */
  readonly source?: Uint8Array
}

/** In what units a medium goes bad. */
const MEDIA_UNIT_BYTES = 512

/** By code: another copy of the interfaces may have made the error. */
const isBadBlock = (error: unknown): error is BadBlockError =>
  isBttkitError(error) && error.code === 'BTT_BAD_BLOCK'

/** Stores that a power cut can take away. They are made one at a time: what one overwrites has to be read before it, and after the one before. */
export class LosableStores {
  private readonly inner: PmemProvider
  private readonly log: UndoLog
  private readonly turn: Slots

  constructor(inner: PmemProvider) {
    this.inner = inner
    this.log = new UndoLog(inner.capabilities)
    this.turn = new Slots(1, inner.name)
  }

  /** For `makeDurable`: which stores are complete now. */
  get mark(): number {
    return this.log.mark
  }

  makeDurable(mark: number, range: ByteRange): void {
    this.log.makeDurable(mark, range)
  }

  /** Makes a store by `run`, after it has read what the ranges held. */
  *store(ranges: readonly StoredRange[], run: () => MaybeSleep): Sleepable<void> {
    yield* this.turn.take()
    try {
      for (const range of ranges) yield* this.keepOld(range)
      const wait = run()
      if (wait !== undefined) yield wait
    } finally {
      this.log.endStore()
      this.turn.giveBack()
    }
  }

  /** Puts the inner storage back, after the stores that have begun. None is made after this. @param seed of what survives; default nothing */
  async lose(seed: number | undefined): Promise<void> {
    await runAsync(this.turn.take())
    for (const { offset, source } of this.log.undoing(seed)) await this.inner.write(offset, source)
  }

  private *keepOld(range: StoredRange): Sleepable<void> {
    const { offset, length } = range
    const old = new Uint8Array(length)
    try {
      const wait = this.inner.read(offset, old)
      if (wait !== undefined) yield wait
    } catch (error) {
      if (!isBadBlock(error)) throw error
      yield* this.keepOldByUnits(range)
      return
    }
    this.log.overwrites(offset, old)
  }

  /** The old content is lost in a unit at least. That one cannot be brought back, so what is stored there survives. */
  private *keepOldByUnits({ offset, length, source }: StoredRange): Sleepable<void> {
    const firstLength = MEDIA_UNIT_BYTES - (offset % MEDIA_UNIT_BYTES)
    if (length <= firstLength) {
      this.log.overwrites(offset, source?.slice() ?? new Uint8Array(length))
      return
    }
    for (let start = 0, end = firstLength; start < length; start = end, end += MEDIA_UNIT_BYTES) {
      const piece = source?.subarray(start, end)
      const unit = { offset: offset + start, length: Math.min(end, length) - start }
      yield* this.keepOld(piece === undefined ? unit : { ...unit, source: piece })
    }
  }
}
