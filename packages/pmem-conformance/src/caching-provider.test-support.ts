/** Storage with a cache that a power cut loses and a medium that goes bad, and every optional method: the whole contract in little. Wrong providers are made from it. */
import {
  BadBlockError,
  ClosedError,
  ImageLockedError,
  OutOfRangeError,
  ReadOnlyError,
  type ByteRange,
  type CallStage,
  type LockMode,
  type MaybeSleep,
  type PmemProvider,
  type ProviderCapabilities,
  type WriteSegment,
} from '@bttkit/interfaces'
import type { ConformanceStorage, ReopenOptions } from './index.ts'

export const UNIT_BYTES = 512

/** What several openings share. */
export class Medium {
  readonly durable: Uint8Array
  readonly cache: Uint8Array
  readonly locks = new Map<object, LockMode>()
  /** The first bytes of the units that are bad. */
  readonly bad = new Set<number>()

  constructor(durable: Uint8Array) {
    this.durable = durable
    this.cache = durable.slice()
  }
}

export class CachingProvider implements PmemProvider {
  readonly name = 'caching'
  readonly size: number
  readonly readOnly: boolean
  readonly capabilities: ProviderCapabilities = Object.freeze({
    atomicWriteBytes: 8,
    tearGranularityBytes: 8,
    // All that was not flushed goes at a power cut, so none is there without the one before.
    sameLineOrdered: true,
    damagesNeighbours: false,
    mayWait: true,
    flush: 'sleeps',
    persistBy: 'a copy',
    durableOnWrite: false,
    fencing: false,
    maxWritesInFlight: 16,
    atomicAccessBytes: 0,
  })
  protected readonly medium: Medium
  protected closed = false

  constructor(medium: Medium, readOnly: boolean) {
    this.medium = medium
    this.size = medium.cache.length
    this.readOnly = readOnly
  }

  read(offset: number, target: Uint8Array): MaybeSleep {
    return this.readInto(offset, target, 0, target.length)
  }

  readInto(offset: number, target: Uint8Array, start: number, length: number): MaybeSleep {
    this.checkRange(offset, length)
    this.checkMedium(offset, length)
    target.set(this.medium.cache.subarray(offset, offset + length), start)
    return undefined
  }

  write(offset: number, source: Uint8Array): MaybeSleep {
    return this.writeFrom(offset, source, 0, source.length)
  }

  writeFrom(offset: number, source: Uint8Array, start: number, length: number): MaybeSleep {
    this.checkWritable(offset, length)
    this.medium.cache.set(source.subarray(start, start + length), offset)
    this.heal(offset, length)
    return undefined
  }

  writeThrough(offset: number, source: Uint8Array, start: number, length: number): MaybeSleep {
    this.writeFrom(offset, source, start, length)
    return this.persist(offset, length)
  }

  writeMany(segments: readonly WriteSegment[]): MaybeSleep {
    this.checkOpen()
    for (const { offset, source } of segments) this.checkWritable(offset, source.length)
    for (const { offset, source } of segments) this.writeFrom(offset, source, 0, source.length)
    return undefined
  }

  zero(offset: number, length: number): MaybeSleep {
    this.checkWritable(offset, length)
    this.medium.cache.fill(0, offset, offset + length)
    this.heal(offset, length)
    return undefined
  }

  flush(): MaybeSleep {
    return this.persist(0, this.size)
  }

  persistMany(ranges: readonly ByteRange[]): MaybeSleep {
    for (const { offset, length } of ranges) this.checkRange(offset, length)
    const from = Math.min(...ranges.map(({ offset }) => offset))
    const to = Math.max(...ranges.map(({ offset, length }) => offset + length))
    return this.persist(from, to - from)
  }

  persist(offset: number, length: number): MaybeSleep {
    this.checkRange(offset, length)
    let isOver = false
    const store = (): void => {
      this.medium.durable.set(this.medium.cache.subarray(offset, offset + length), offset)
      isOver = true
    }
    return {
      // oxlint-disable-next-line unicorn/no-thenable -- a wait is a thenable by contract
      then: (...callbacks) =>
        Promise.resolve()
          .then(store)
          .then(...callbacks),
      block: store,
      ready: () => isOver,
    }
  }

  badBlocks(): ByteRange[] {
    this.checkOpen()
    return [...this.medium.bad]
      .toSorted((first, second) => first - second)
      .map((offset) => ({ offset, length: UNIT_BYTES }))
  }

  annotate(_stage: CallStage, _lane?: number): void {}

  lock(mode: LockMode): MaybeSleep {
    this.checkOpen()
    const others = [...this.medium.locks].filter(([holder]) => holder !== this)
    if (others.some(([, held]) => held === 'exclusive' || mode === 'exclusive')) {
      throw new ImageLockedError({ image: this.name }, 'in use')
    }
    this.medium.locks.set(this, mode)
    return undefined
  }

  close(): MaybeSleep {
    this.closed = true
    this.medium.locks.delete(this)
    return undefined
  }

  protected checkOpen(): void {
    if (this.closed) throw new ClosedError({ image: this.name }, 'closed')
  }

  protected checkRange(offset: number, length: number): void {
    this.checkOpen()
    const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(length)
    if (!whole || offset < 0 || length < 0 || offset + length > this.size) {
      throw new OutOfRangeError({ image: this.name, offset }, 'beyond the storage')
    }
  }

  protected checkMedium(offset: number, length: number): void {
    for (const unit of this.medium.bad) {
      if (unit < offset + length && unit + UNIT_BYTES > offset) {
        throw new BadBlockError({ image: this.name, offset: unit }, 'the medium is bad')
      }
    }
  }

  /** Makes the units good that a write covers. */
  protected heal(offset: number, length: number): void {
    for (const unit of this.medium.bad) {
      if (unit >= offset && unit + UNIT_BYTES <= offset + length) this.medium.bad.delete(unit)
    }
  }

  private checkWritable(offset: number, length: number): void {
    this.checkRange(offset, length)
    if (this.readOnly) throw new ReadOnlyError({ image: this.name }, 'for reading only')
  }
}

export type CachingProviderClass = new (medium: Medium, readOnly: boolean) => CachingProvider

/** Fresh storage that a class of caching providers opens. */
export function storageOf(Provider: CachingProviderClass, sizeBytes: number): ConformanceStorage {
  const medium = new Medium(new Uint8Array(sizeBytes))
  return {
    provider: new Provider(medium, false),
    reopen: ({ readOnly }: ReopenOptions) => new Provider(medium, readOnly),
    crash: () => new Provider(new Medium(medium.durable), false),
    spoil: (offset, length) => {
      for (let unit = offset; unit < offset + length; unit += UNIT_BYTES) medium.bad.add(unit)
    },
  }
}
