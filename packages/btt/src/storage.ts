import {
  CannotBlockError,
  UnsafeProviderError,
  type MaybeSleep,
  type PmemProvider,
  type Sleepable,
  type Wait,
} from '@bttkit/interfaces'

const ZERO_CHUNK_BYTES = 2 ** 20

/**
 * A provider as the engine uses it: the optional calls filled in, flushes left out where the provider's word makes them
 * needless, and flushes counted. A failed one is remembered for ever: the next may succeed and yet not bring back what this one lost.
 */
export class Storage {
  readonly provider: PmemProvider
  readonly mayWait: boolean
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
  }

  get name(): string {
    return this.provider.name
  }

  get size(): number {
    return this.provider.size
  }

  /** Reads `length` bytes at `offset` into `target` from `start` on. */
  read(offset: number, target: Uint8Array, start: number, length: number): MaybeSleep {
    const { provider } = this
    if (provider.readInto !== undefined) return provider.readInto(offset, target, start, length)
    return provider.read(offset, target.subarray(start, start + length))
  }

  /** Writes `length` bytes of `source` from `start` on at `offset`. */
  write(offset: number, source: Uint8Array, start: number, length: number): MaybeSleep {
    const { provider } = this
    if (provider.writeFrom !== undefined) return provider.writeFrom(offset, source, start, length)
    return provider.write(offset, source.subarray(start, start + length))
  }

  /** Makes the writes to a range durable; `undefined` at once where they are. */
  persist(offset: number, length: number): MaybeSleep {
    if (this.skipsFlush) return undefined
    this.flushes++
    const { provider } = this
    try {
      return this.remembering(
        provider.persist === undefined ? provider.flush() : provider.persist(offset, length),
      )
    } catch (error) {
      this.fail(error)
    }
  }

  /** Makes all writes durable; `undefined` at once where they are. */
  flush(): MaybeSleep {
    if (this.skipsFlush) return undefined
    this.flushes++
    try {
      return this.remembering(this.provider.flush())
    } catch (error) {
      this.fail(error)
    }
  }

  /** Makes a range read as zeros. */
  *zero(offset: number, length: number, onProgress?: (doneBytes: number) => void): Sleepable<void> {
    const { provider } = this
    if (provider.zero !== undefined) {
      const wait = provider.zero(offset, length)
      if (wait !== undefined) yield wait
      onProgress?.(length)
      return
    }
    const zeros = new Uint8Array(Math.min(length, ZERO_CHUNK_BYTES))
    for (let done = 0; done < length; done += zeros.length) {
      const wait = this.write(offset + done, zeros, 0, Math.min(zeros.length, length - done))
      if (wait !== undefined) yield wait
      onProgress?.(Math.min(length, done + zeros.length))
    }
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
   * @throws {UnsafeProviderError} with the reason.
   */
  assertSafeToWrite(): void {
    const { atomicWriteBytes, damagesNeighbours } = this.provider.capabilities
    const place = { image: this.name }
    if (atomicWriteBytes < 8) {
      throw new UnsafeProviderError(
        place,
        `writes of 8 bytes can be torn here (only ${atomicWriteBytes} are atomic), and a flog entry needs them whole`,
      )
    }
    if (damagesNeighbours) {
      throw new UnsafeProviderError(
        place,
        'a torn write can damage its neighbours here, and with them map entries of other sectors',
      )
    }
  }
}
