/**
 * A mock, for tests and demonstrations: storage whose flush sleeps as virtio-pmem's does, where the guest asks its host for an fsync and
 * waits. It is as durable as what lies under it, and only slower; or, if it is told to, as forgetful as a disk whose power is cut.
 *
 * Invariants:
 * - A wait is lazy: its flush gets in line from the first `then` or `block` on, sleeps when its turn comes, and asks for the inner flush when it has
 *   slept. That is later than the call of `flush`, so what was complete at the call is among what the inner flush makes durable.
 * - Each flush has its own sleep and its own inner flush. Those that meet are not made one.
 * - What the undo log holds is what may be lost. Only a flush that has succeeded takes something out of it.
 */
import {
  checkRange,
  ClosedError,
  ProviderIoError,
  type ByteRange,
  type CallStage,
  type LockMode,
  type MaybeSleep,
  type PmemProvider,
  type ProviderCapabilities,
  type ProviderShare,
  type Sleepable,
  type Wait,
  type WaitSubject,
  type WriteSegment,
} from '@bttkit/interfaces'
import { begin, lazily } from './driven-wait.ts'
import { checkFlushDelay, DEFAULT_FLUSH_DELAY_MS, delaysOf, type FlushDelay } from './flush-delay.ts'
import { LosableStores, type StoredRange } from './losable-stores.ts'
import { checkSeed } from './seeded-random.ts'
import { sleepingFlushShare } from './sleeping-flush-share.ts'
import { Sleeper } from './sleeper.ts'
import { checkSlots, Slots } from './slots.ts'

/** As long as the queue of virtio-pmem is in QEMU. */
const DEFAULT_FLUSH_QUEUE = 128

export interface SleepingFlushOptions {
  /** How long a flush sleeps. Default 2. With 0 the event loop still turns once. */
  readonly flushDelayMs?: FlushDelay
  /** How many flushes sleep side by side, from 1; further ones wait for one of them to end, in the order in which they came. Default 128. */
  readonly flushQueue?: number
  /**
   * Whether `powerCut` can take away what was not flushed. Costs a read before each write, and the old bytes are kept in memory until a flush. Other
   * threads cannot share such storage, and what is written past this provider is not known to it. Default false.
   */
  readonly losesUnflushed?: boolean
}

export interface PowerCutOptions {
  /**
   * From 0 to 2^32 - 1: what was not flushed survives in part, as the seed says. Each unit that a crash leaves whole keeps its content after one of the
   * stores to it, or from before them. Default: nothing of it survives.
   */
  readonly seed?: number
}

interface Note {
  readonly stage: CallStage
  readonly lane: number | undefined
}

/** By what a flush makes writes durable: the sleep is part of the answer, for it is part of what one waits for. */
const persistByOf = ({ persistBy }: ProviderCapabilities): string =>
  persistBy === 'nothing' ? 'a sleep' : `${persistBy} after a sleep`

/** Over an inner provider, whose owner it becomes: `flush` and `persist` sleep; everything else is the inner one's. */
export class SleepingFlushProvider implements PmemProvider {
  readonly name: string
  readonly size: number
  readonly readOnly: boolean
  /** The inner ones, but for a flush that is always needed and always sleeps. */
  readonly capabilities: ProviderCapabilities
  readonly flushDelayMs: FlushDelay
  readonly flushQueue: number
  readonly losesUnflushed: boolean
  // What the inner provider does not have is not had here, so that its caller does without as ever. There is no `mapping`: whoever has one
  // stores past this provider. There is no `writeThrough`: it would be durable without a sleep.
  readonly readInto?: (offset: number, target: Uint8Array, start: number, length: number) => MaybeSleep
  readonly writeFrom?: (offset: number, source: Uint8Array, start: number, length: number) => MaybeSleep
  readonly writeMany?: (segments: readonly WriteSegment[]) => MaybeSleep
  readonly zero?: (offset: number, length: number) => MaybeSleep
  readonly badBlocks?: () => readonly ByteRange[]
  readonly dataRanges?: (offset: number, length: number) => readonly ByteRange[]
  readonly annotate?: (stage: CallStage, lane?: number) => void
  readonly lock?: (mode: LockMode) => MaybeSleep
  readonly share?: () => ProviderShare
  private readonly inner: PmemProvider
  private readonly slots: Slots
  private readonly sleeper = new Sleeper()
  private readonly nextDelayMs: () => number
  private readonly losable: LosableStores | undefined
  private failsNext: () => boolean = () => false
  /** What the next call is for. */
  private note: Note | undefined
  private closed = false
  private cut: Promise<void> | undefined

  /** @throws {TypeError} for a delay or a queue that is none. */
  constructor(inner: PmemProvider, options: SleepingFlushOptions = {}) {
    const { flushDelayMs = DEFAULT_FLUSH_DELAY_MS, flushQueue = DEFAULT_FLUSH_QUEUE } = options
    checkFlushDelay(flushDelayMs)
    checkSlots(flushQueue)
    this.inner = inner
    this.flushDelayMs = flushDelayMs
    this.flushQueue = flushQueue
    this.losesUnflushed = options.losesUnflushed ?? false
    this.name = inner.name
    this.size = inner.size
    this.readOnly = inner.readOnly
    this.capabilities = Object.freeze<ProviderCapabilities>({
      ...inner.capabilities,
      mayWait: true,
      flush: 'sleeps',
      persistBy: persistByOf(inner.capabilities),
      durableOnWrite: false,
    })
    this.slots = new Slots(flushQueue, inner.name)
    this.nextDelayMs = delaysOf(flushDelayMs)
    if (this.losesUnflushed) this.losable = new LosableStores(inner)
    const readInto = inner.readInto?.bind(inner)
    if (readInto !== undefined) {
      this.readInto = (...rest) => this.pass(() => readInto(...rest))
    }
    const writeFrom = inner.writeFrom?.bind(inner)
    if (writeFrom !== undefined) {
      this.writeFrom = (offset, source, start, length) =>
        this.store([{ offset, length, source: source.subarray(start, start + length) }], () =>
          writeFrom(offset, source, start, length),
        )
    }
    const writeMany = inner.writeMany?.bind(inner)
    if (writeMany !== undefined) {
      this.writeMany = (segments) => this.store(segments.map(rangeOf), () => writeMany(segments))
    }
    const zero = inner.zero?.bind(inner)
    if (zero !== undefined) {
      this.zero = (offset, length) => this.store([{ offset, length }], () => zero(offset, length))
    }
    const badBlocks = inner.badBlocks?.bind(inner)
    if (badBlocks !== undefined) {
      this.badBlocks = () => {
        this.assertUsable()
        return badBlocks()
      }
    }
    const dataRanges = inner.dataRanges?.bind(inner)
    if (dataRanges !== undefined) {
      this.dataRanges = (offset, length) => {
        this.assertUsable()
        return dataRanges(offset, length)
      }
    }
    if (inner.annotate !== undefined) this.annotate = (stage, lane) => void (this.note = { stage, lane })
    const lock = inner.lock?.bind(inner)
    if (lock !== undefined) {
      this.lock = (mode) => {
        this.assertUsable()
        return lock(mode)
      }
    }
    const share = inner.share?.bind(inner)
    // Another thread's writes would not be in the undo log.
    if (share !== undefined && !this.losesUnflushed) {
      this.share = () => sleepingFlushShare(share(), { flushDelayMs, flushQueue })
    }
  }

  read(offset: number, target: Uint8Array): MaybeSleep {
    return this.pass(() => this.inner.read(offset, target))
  }

  write(offset: number, source: Uint8Array): MaybeSleep {
    return this.store([rangeOf({ offset, source })], () => this.inner.write(offset, source))
  }

  /**
   * Waits for a slot, sleeps, then flushes the inner storage. A failure of that one fails the wait, in each of its forms.
   *
   * Who blocks can wait for the sleep and not for a slot: where all are taken by flushes that are awaited, `CannotBlockError`.
   */
  flush(): Wait {
    return this.flushLater({ offset: 0, length: this.size }, () => this.inner.flush())
  }

  /** As `flush`, for a range. @throws {OutOfRangeError} at the call. */
  persist(offset: number, length: number): Wait {
    return this.flushLater({ offset, length }, () =>
      this.inner.persist === undefined ? this.inner.flush() : this.inner.persist(offset, length),
    )
  }

  /** Closes the inner storage, but not after a power cut. A flush that still sleeps, or waits for a slot, fails with `ClosedError`. */
  close(): MaybeSleep {
    this.closed = true
    this.sleeper.end()
    return this.cut === undefined ? this.inner.close() : undefined
  }

  /**
   * Lets flushes fail, from the next one that begins to sleep on: so many of them, or those for which `which` is true; it is called once for each flush
   * and `persist`, with 1, 2, … They sleep, and fail with `ProviderIoError` (EIO); the inner storage is not asked, and nothing becomes durable.
   *
   * Each call takes the place of the one before; `failFlushes(0)` ends it.
   *
   * @throws {TypeError} for what is no number of flushes
   */
  failFlushes(which: number | ((nth: number) => boolean)): void {
    if (typeof which === 'number' && !(which >= 0)) throw new TypeError(`${which} flushes cannot fail`)
    let nth = 0
    this.failsNext = () => (typeof which === 'number' ? ++nth <= which : which(++nth))
  }

  /**
   * Cuts the power. The flushes that are under way fail, and so does every later call but `close`, with `ProviderIoError`. When the promise is resolved,
   * the inner storage is as it is found afterwards: without what no flush made durable that was called after it was written and has succeeded. It stays
   * open, for whoever attaches it next.
   *
   * It comes after the stores that are under way; so somebody has to wait for each of them. A second cut is the first one.
   *
   * @throws {TypeError} without `losesUnflushed`, and for what is no seed. @throws {ClosedError} after `close`.
   */
  powerCut({ seed }: PowerCutOptions = {}): Promise<void> {
    if (this.losable === undefined) {
      throw new TypeError(`${this.name}: only storage with 'losesUnflushed' knows what a power cut takes`)
    }
    if (seed !== undefined) checkSeed(seed)
    if (this.cut === undefined) {
      this.assertUsable()
      this.cut = this.losable.lose(seed)
      this.sleeper.end()
    }
    return this.cut
  }

  private pass(run: () => MaybeSleep): MaybeSleep {
    const call = this.annotated(run)
    this.assertUsable()
    return call()
  }

  private store(ranges: readonly StoredRange[], run: () => MaybeSleep): MaybeSleep {
    if (this.losable === undefined) return this.pass(run)
    const storing = this.annotated(() => {
      this.assertUsable()
      return run()
    })
    this.assertUsable()
    for (const { offset, length } of ranges) checkRange(this, offset, length)
    const start = ranges.reduce((lowest, { offset }) => Math.min(lowest, offset), this.size)
    const end = ranges.reduce((highest, { offset, length }) => Math.max(highest, offset + length), start)
    const on: WaitSubject = { object: 'provider', kind: 'write', start, end }
    return begin(this.losable.store(ranges, storing), on, this.name)
  }

  private flushLater(range: ByteRange, run: () => MaybeSleep): Wait {
    const flush = this.annotated(run)
    this.assertUsable()
    const { offset, length } = range
    checkRange(this, offset, length)
    const on: WaitSubject = { object: 'provider', kind: 'flush', start: offset, end: offset + length }
    return lazily(this.sleepThenFlush(range, this.losable?.mark ?? 0, flush), on, this.name)
  }

  /** @param mark of the stores that are complete at the call */
  private *sleepThenFlush(range: ByteRange, mark: number, flush: () => MaybeSleep): Sleepable<void> {
    yield* this.slots.take()
    try {
      this.assertUsable()
      const fails = this.failsNext()
      yield this.sleeper.sleep(this.nextDelayMs())
      this.assertUsable()
      if (fails) throw new ProviderIoError({ image: this.name }, 'this flush was told to fail', 'EIO')
      const wait = flush()
      if (wait !== undefined) yield wait
      // The power may have been cut while the inner storage flushed; then nobody knows whether it did.
      this.assertUsable()
      this.losable?.makeDurable(mark, range)
    } finally {
      this.slots.giveBack()
    }
  }

  /** Takes what the call was said to be for, and tells the inner provider just before it gets the call: that may be later, after calls of others. */
  private annotated(run: () => MaybeSleep): () => MaybeSleep {
    const { note } = this
    this.note = undefined
    if (note === undefined) return run
    return () => {
      this.inner.annotate?.(note.stage, note.lane)
      return run()
    }
  }

  private assertUsable(): void {
    if (this.closed) throw new ClosedError({ image: this.name }, 'the storage was closed')
    if (this.cut === undefined) return
    throw new ProviderIoError({ image: this.name }, 'the power was cut', 'EIO')
  }
}

function rangeOf({ offset, source }: WriteSegment): StoredRange {
  return { offset, length: source.byteLength, source }
}
