/**
 * Commits: everything that is gathered goes to the device, in rounds.
 *
 * Invariants:
 * - One round is under way at a time. A sector is in it once, and its newer content in the next one only; so no two writes of a sector are ever under way side by side, and
 *   none of older content comes after one of newer content.
 * - A round takes all that was gathered when it began. What was gathered before some moment is durable when a round has succeeded that began after it.
 * - What a round could not bring to the device stays gathered. Nobody tries again but who is asked to: a flush, a close, or a writer that needs the room.
 * - A driver that refuses to wait has ended a round early. That is no failure of the device.
 */
import {
  CommitFailedError,
  isBttkitError,
  type BlockGeometry,
  type BlockOperations,
  type CannotBlockError,
  type Sleepable,
  type WouldSleepError,
} from '@bttkit/interfaces'
import { MutexLocks } from '@bttkit/region-lanes'
import { sideBySide } from '@bttkit/sleepable'
import { commitPiece, isZeros, piecesOf, type CommitPiece } from './commit-pieces.ts'
import type { GatheredSectors } from './gathered-sectors.ts'

/** What sectors are committed to. */
export interface CommitTarget extends BlockGeometry {
  readonly sleepable: BlockOperations<Sleepable<void>>
  readonly info: { readonly image: string }
}

/** Sectors that are written at once. They share the flushes where batches or the storage can; each takes a lane, of 256 as a rule, and readers need some, too. */
const MOST_SECTORS_UNDER_WAY = 128

/** The one lock. */
const ROUND = 0

const REFUSALS: ReadonlySet<string> = new Set<(WouldSleepError | CannotBlockError)['code']>([
  'BTT_WOULD_SLEEP',
  'BTT_CANNOT_BLOCK',
])

function isRefusal(error: unknown): boolean {
  return isBttkitError(error) && REFUSALS.has(error.code)
}

export class Commits {
  private readonly target: CommitTarget
  private readonly sectors: GatheredSectors
  private readonly lock = new MutexLocks(new Int32Array(1), 'commit')
  /** Rounds are numbered from 1 on. */
  private begun = 0
  private lastSuccess = 0
  private lastFailure: CommitFailedError | undefined
  private sectorsUnderWay = 0

  constructor(target: CommitTarget, sectors: GatheredSectors) {
    this.target = target
    this.sectors = sectors
  }

  get hasFailed(): boolean {
    return this.lastFailure !== undefined
  }

  /** @throws {CommitFailedError} where the last round has failed */
  assertNoFailure(): void {
    if (this.lastFailure !== undefined) throw this.lastFailure
  }

  /**
   * Makes all durable that is gathered at this moment. Several that ask meanwhile share a round.
   *
   * @throws {CommitFailedError}
   */
  *all(): Sleepable<void> {
    const wanted = this.sectors.hasFresh ? this.begun + 1 : this.begun
    yield* this.roundUnless(() => this.lastSuccess >= wanted || this.sectors.isEmpty)
  }

  /**
   * Commits until there is room.
   *
   * @throws {CommitFailedError}
   */
  makeRoom(hasRoom: () => boolean): Sleepable<void> {
    return this.roundUnless(hasRoom)
  }

  /** As `all`, where nobody waits for the outcome: the next writer hears of a failure. */
  *unheard(): Sleepable<void> {
    try {
      yield* this.all()
    } catch (error) {
      if (error !== this.lastFailure && !isRefusal(error)) throw error
    }
  }

  private *roundUnless(isNeedless: () => boolean): Sleepable<void> {
    if (isNeedless()) return
    if (!this.lock.tryAcquire(ROUND)) yield* this.lock.acquire(ROUND)
    try {
      if (!isNeedless()) yield* this.round()
    } finally {
      this.lock.release(ROUND)
    }
  }

  private *round(): Sleepable<void> {
    const { sectors } = this
    const number = ++this.begun
    const pieces = piecesOf(sectors.beginCommit())
    try {
      yield* sideBySide(this.calls(pieces), () => this.sectorsUnderWay < MOST_SECTORS_UNDER_WAY)
      this.lastSuccess = number
      this.lastFailure = undefined
    } catch (error) {
      if (isRefusal(error)) throw error
      this.lastFailure = this.failure(error)
      throw this.lastFailure
    } finally {
      sectors.endCommit()
    }
  }

  private *calls(pieces: Iterable<CommitPiece>): Generator<Sleepable<void>> {
    for (const piece of pieces) yield this.commit(piece)
  }

  private *commit(piece: CommitPiece): Sleepable<void> {
    const { lba, contents } = piece
    const lanes = isZeros(piece) ? 1 : contents.length
    this.sectorsUnderWay += lanes
    try {
      yield* commitPiece(this.target, this.target.sleepable, piece)
      this.sectors.committed(lba, contents.length)
    } finally {
      this.sectorsUnderWay -= lanes
    }
  }

  private failure(cause: unknown): CommitFailedError {
    const { image } = this.target.info
    const [errno, why] = isBttkitError(cause) ? [cause.errno, cause.message] : ['EIO', String(cause)]
    const detail = `${this.sectors.count} sectors could not be made durable: ${why}`
    return new CommitFailedError({ image }, detail, errno, { cause })
  }
}
