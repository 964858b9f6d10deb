import {
  CannotBlockError,
  UnsafeProviderError,
  type ByteRange,
  type CallStage,
  type MaybeSleep,
  type PmemProvider,
  type Sleepable,
  type Wait,
} from '@bttkit/interfaces'
import { FLOG_HALF_BYTES, MAP_ENTRY_BYTES } from '@bttkit/btt-format'

const ZERO_CHUNK_BYTES = 2 ** 20

/** Bytes to write: `length` bytes of `source` from `start` on. */
export interface DataPiece {
  readonly stage: 'data' | 'metadata'
  readonly offset: number
  readonly source: Uint8Array
  readonly start: number
  length: number
}

/**
 * A provider as the engine uses it: the optional calls filled in, flushes left out where the provider's word makes them
 * needless, and flushes counted. A failed one is remembered for ever: the next may succeed and yet not bring back what this one lost.
 *
 * Each call says what it is for, and in which lane it is, if in one. A provider that wants to know (`annotate`) is told immediately before, on the same
 * thread, so that nothing comes between.
 */
export class Storage {
  readonly provider: PmemProvider
  readonly mayWait: boolean
  /** Whether `writeThrough` is worth a call: the provider has it, and a write alone is not durable. */
  readonly writesThrough: boolean
  /** Whether the provider stores several pieces in one call. */
  readonly writesMany: boolean
  flushes = 0
  /** Why a flush has failed; from then on nobody knows what is durable of all that was stored. */
  flushFailure: unknown
  /** Told at the moment that a failure of a flush is known, before anybody goes on. */
  onFlushFailure: (() => void) | undefined
  private readonly skipsFlush: boolean

  constructor(provider: PmemProvider) {
    this.provider = provider
    this.mayWait = provider.capabilities.mayWait
    this.skipsFlush = provider.capabilities.durableOnWrite || provider.capabilities.flush === 'none'
    this.writesThrough = provider.writeThrough !== undefined && !this.skipsFlush
    this.writesMany = provider.writeMany !== undefined
  }

  get name(): string {
    return this.provider.name
  }

  get size(): number {
    return this.provider.size
  }

  /** Reads `length` bytes at `offset` into `target` from `start` on. */
  read(
    offset: number,
    target: Uint8Array,
    start: number,
    length: number,
    stage: CallStage,
    lane?: number,
  ): MaybeSleep {
    const { provider } = this
    provider.annotate?.(stage, lane)
    if (provider.readInto !== undefined) return provider.readInto(offset, target, start, length)
    return provider.read(offset, target.subarray(start, start + length))
  }

  /** Writes `length` bytes of `source` from `start` on at `offset`. */
  write(
    offset: number,
    source: Uint8Array,
    start: number,
    length: number,
    stage: CallStage,
    lane?: number,
  ): MaybeSleep {
    const { provider } = this
    provider.annotate?.(stage, lane)
    if (provider.writeFrom !== undefined) return provider.writeFrom(offset, source, start, length)
    return provider.write(offset, source.subarray(start, start + length))
  }

  /** Writes several pieces, in any order. Only where `writesMany`. */
  writeMany(pieces: readonly DataPiece[], stage: CallStage): MaybeSleep {
    const { provider } = this
    provider.annotate?.(stage)
    return provider.writeMany?.(
      pieces.map(({ offset, source, start, length }) => ({
        offset,
        source: source.subarray(start, start + length),
      })),
    )
  }

  /**
   * Writes `length` bytes of `source` from `start` on at `offset`, durably. Only where `writesThrough`. One that fails is a failed flush: nobody knows
   * what of the bytes is durable.
   */
  writeThrough(
    offset: number,
    source: Uint8Array,
    start: number,
    length: number,
    stage: CallStage,
    lane?: number,
  ): MaybeSleep {
    this.flushes++
    const { provider } = this
    provider.annotate?.(stage, lane)
    try {
      return this.remembering(provider.writeThrough?.(offset, source, start, length))
    } catch (error) {
      this.fail(error)
    }
  }

  /** Makes the writes to a range durable; `undefined` at once where they are. */
  persist(offset: number, length: number, stage: CallStage, lane?: number): MaybeSleep {
    if (this.skipsFlush) return undefined
    this.flushes++
    const { provider } = this
    provider.annotate?.(stage, lane)
    try {
      return this.remembering(
        provider.persist === undefined ? provider.flush() : provider.persist(offset, length),
      )
    } catch (error) {
      this.fail(error)
    }
  }

  /** As `persist` for several ranges, with one wait for all. They must not change until it is over. */
  persistMany(ranges: readonly ByteRange[], stage: CallStage): MaybeSleep {
    const [only] = ranges
    if (only !== undefined && ranges.length === 1) return this.persist(only.offset, only.length, stage)
    const { provider } = this
    if (this.skipsFlush || provider.persistMany === undefined) return this.flush(stage)
    this.flushes++
    provider.annotate?.(stage)
    try {
      return this.remembering(provider.persistMany(ranges))
    } catch (error) {
      this.fail(error)
    }
  }

  /** Makes all writes durable; `undefined` at once where they are. One that a caller asked for is for no stage. */
  flush(stage?: CallStage): MaybeSleep {
    if (this.skipsFlush) return undefined
    this.flushes++
    const { provider } = this
    if (stage !== undefined) provider.annotate?.(stage)
    try {
      return this.remembering(provider.flush())
    } catch (error) {
      this.fail(error)
    }
  }

  /** Makes a range read as zeros. */
  *zero(
    offset: number,
    length: number,
    stage: CallStage,
    onProgress?: (doneBytes: number) => void,
  ): Sleepable<void> {
    const { provider } = this
    if (provider.zero !== undefined) {
      provider.annotate?.(stage)
      const wait = provider.zero(offset, length)
      if (wait !== undefined) yield wait
      onProgress?.(length)
      return
    }
    const zeros = new Uint8Array(Math.min(length, ZERO_CHUNK_BYTES))
    for (let done = 0; done < length; done += zeros.length) {
      const wait = this.write(offset + done, zeros, 0, Math.min(zeros.length, length - done), stage)
      if (wait !== undefined) yield wait
      onProgress?.(Math.min(length, done + zeros.length))
    }
  }

  /** Whether the provider knows that it has lost a byte of the range. One that does not tell is not asked. */
  isListedBad(offset: number, length: number): boolean {
    const bad = this.provider.badBlocks?.()
    return (
      bad !== undefined &&
      bad.some((range) => range.offset < offset + length && range.offset + range.length > offset)
    )
  }

  private fail(error: unknown): never {
    this.flushFailure ??= error
    this.onFlushFailure?.()
    throw error
  }

  /** The same wait; its failure is known here before anybody else goes on. */
  private remembering(wait: MaybeSleep): MaybeSleep {
    if (wait === undefined) return undefined
    const { on } = wait
    const watched: Wait = {
      // oxlint-disable-next-line unicorn/no-thenable -- a wait is a thenable by contract
      then: (...callbacks) => wait.then(undefined, (error: unknown) => this.fail(error)).then(...callbacks),
      ...(on && { on }),
      ...(wait.isPreemption && { isPreemption: wait.isPreemption }),
      ...(wait.ready && { ready: () => wait.ready?.() === true }),
      ...(wait.block && { block: () => this.blockOn(wait) }),
    }
    return watched
  }

  private blockOn(wait: Wait): void {
    try {
      wait.block?.()
    } catch (error) {
      // Refused to who waits in the wrong way; the storage has lost nothing.
      if (error instanceof CannotBlockError) throw error
      this.fail(error)
    }
  }

  /**
   * Refuses storage on which a BTT could not keep its promise.
   *
   * @throws {UnsafeProviderError} with the capability that is too weak, and why it has to be stronger.
   */
  assertSafeToWrite(): void {
    const { atomicWriteBytes, tearGranularityBytes, damagesNeighbours } = this.provider.capabilities
    const refuse = (reason: string): never => {
      throw new UnsafeProviderError({ image: this.name }, reason)
    }
    if (atomicWriteBytes < FLOG_HALF_BYTES) {
      refuse(
        `writes of ${FLOG_HALF_BYTES} bytes can be torn here (atomicWriteBytes is ${atomicWriteBytes}), and a sequence number in the flog counts only with the block beside it`,
      )
    }
    if (tearGranularityBytes % MAP_ENTRY_BYTES !== 0) {
      refuse(
        `a larger write can be torn inside ${MAP_ENTRY_BYTES} bytes here (tearGranularityBytes is ${tearGranularityBytes}), and with it a map entry when several are zeroed`,
      )
    }
    if (damagesNeighbours) {
      refuse(
        'a torn write can damage its neighbours here (damagesNeighbours), and with them map entries of other sectors',
      )
    }
  }
}
