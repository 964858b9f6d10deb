/** Providers that are wrong in one thing each. */
import type { ByteRange, LockMode, MaybeSleep, ProviderCapabilities, WriteSegment } from '@bttkit/interfaces'
import { CachingProvider, Medium } from './caching-provider.test-support.ts'

export class ReadsShort extends CachingProvider {
  override read(offset: number, target: Uint8Array): MaybeSleep {
    return this.readInto(offset, target, 0, Math.min(target.length, 32_768))
  }
}

export class BoundsOffByOne extends CachingProvider {
  protected override checkRange(offset: number, length: number): void {
    if (offset + length !== this.size + 1) super.checkRange(offset, length)
  }
}

export class StoresLater extends CachingProvider {
  private late: (() => void)[] = []

  override write(offset: number, source: Uint8Array): MaybeSleep {
    const answer = super.write(offset, source)
    this.late.push(() => this.medium.cache.set(source, offset))
    return answer
  }

  override flush(): MaybeSleep {
    for (const store of this.late.splice(0)) store()
    return super.flush()
  }
}

export class IgnoresByteOffset extends CachingProvider {
  override write(offset: number, source: Uint8Array): MaybeSleep {
    return super.write(offset, new Uint8Array(source.buffer, 0, source.length))
  }
}

const promise = (
  capabilities: ProviderCapabilities,
  change: Partial<ProviderCapabilities>,
): ProviderCapabilities => Object.freeze({ ...capabilities, ...change })

export class WaitsThoughItSaysNot extends CachingProvider {
  override readonly capabilities = promise(new CachingProvider(this.medium, true).capabilities, {
    mayWait: false,
    flush: 'immediate',
  })
}

export class FailsWithPlainErrors extends CachingProvider {
  override read(offset: number, target: Uint8Array): MaybeSleep {
    try {
      return super.read(offset, target)
    } catch {
      throw new RangeError('beyond the storage')
    }
  }
}

export class SwallowsErrors extends CachingProvider {
  override write(offset: number, source: Uint8Array): MaybeSleep {
    try {
      return super.write(offset, source)
    } catch {
      return undefined
    }
  }
}

export class WorksAfterClose extends CachingProvider {
  protected override checkOpen(): void {}
}

export class FlushLoses extends CachingProvider {
  override flush(): MaybeSleep {
    return this.persist(0, this.size - 60_000)
  }
}

export class PersistsTooLittle extends CachingProvider {
  override persist(offset: number, length: number): MaybeSleep {
    return super.persist(offset, length === this.size ? length : length - 1)
  }
}

export class PersistsTheFirst extends CachingProvider {
  override persistMany(ranges: readonly ByteRange[]): MaybeSleep {
    const answer = super.persistMany(ranges.slice(0, 2))
    return ranges.length > 2 ? answer : super.persistMany(ranges)
  }
}

export class PersistsManyAnywhere extends CachingProvider {
  override persistMany(ranges: readonly ByteRange[]): MaybeSleep {
    this.checkOpen()
    return super.persistMany(ranges.slice(0, 1))
  }
}

export class ZeroesTooFar extends CachingProvider {
  override zero(offset: number, length: number): MaybeSleep {
    const answer = super.zero(offset, length)
    if (length > 0 && offset + length < this.size) this.medium.cache[offset + length] = 0
    return answer
  }
}

export class CapabilitiesNotFrozen extends CachingProvider {
  override readonly capabilities = { ...new CachingProvider(this.medium, true).capabilities }
}

export class DropsLastSegment extends CachingProvider {
  override writeMany(segments: readonly WriteSegment[]): MaybeSleep {
    return super.writeMany(segments.length < 2 ? segments : segments.slice(0, -1))
  }
}

export class ChangesItsSource extends CachingProvider {
  override write(offset: number, source: Uint8Array): MaybeSleep {
    const answer = super.write(offset, source)
    source.fill(0)
    return answer
  }
}

export class NeverReady extends CachingProvider {
  override flush(): MaybeSleep {
    const wait = super.flush()
    return wait === undefined ? undefined : Object.assign(wait, { ready: () => false })
  }
}

export class LocksForNothing extends CachingProvider {
  override lock(_mode: LockMode): MaybeSleep {
    this.checkOpen()
    return undefined
  }
}

export class WritesForReadingOnly extends CachingProvider {
  override zero(offset: number, length: number): MaybeSleep {
    this.checkRange(offset, length)
    this.medium.cache.fill(0, offset, offset + length)
    return undefined
  }
}

export class ClosesOnce extends CachingProvider {
  override close(): MaybeSleep {
    this.checkOpen()
    return super.close()
  }
}

/** Nothing of it is in the storage that others open. */
export class KeepsAllToItself extends CachingProvider {
  constructor(medium: Medium, readOnly: boolean) {
    super(new Medium(medium.durable), readOnly)
  }

  override persist(offset: number, length: number): MaybeSleep {
    this.checkRange(offset, length)
    return undefined
  }
}

/** Writes that wait go through one buffer. */
export class MixesWrites extends CachingProvider {
  private readonly scratch = new Uint8Array(this.size)

  override write(offset: number, source: Uint8Array): MaybeSleep {
    this.checkRange(offset, source.length)
    this.scratch.set(source)
    return Promise.resolve().then(() => super.write(offset, this.scratch.subarray(0, source.length)))
  }
}

export class BlockHidesFailures extends CachingProvider {
  override read(offset: number, target: Uint8Array): MaybeSleep {
    const answer = Promise.resolve().then(() => super.read(offset, target))
    // Whoever blocks hears nothing of it, and neither shall the process.
    answer.catch(() => {})
    return Object.assign(answer, { block: () => {} })
  }
}

export class TearsAnywhere extends CachingProvider {
  override write(offset: number, source: Uint8Array): MaybeSleep {
    const answer = super.write(offset, source)
    const oddLength = (source.length >> 1) | 1
    if (source.length > oddLength) this.medium.durable.set(source.subarray(0, oddLength), offset)
    return answer
  }
}

export class SaysNotHowItPersists extends CachingProvider {
  override readonly capabilities = promise(new CachingProvider(this.medium, true).capabilities, {
    persistBy: '',
  })
}

export class PersistsAnything extends CachingProvider {
  override persist(offset: number, length: number): MaybeSleep {
    this.checkOpen()
    const isThere = offset >= 0 && length >= 0 && offset + length <= this.size
    return isThere ? super.persist(offset, length) : undefined
  }
}

export class RefusesWithoutAName extends CachingProvider {
  protected override checkRange(offset: number, length: number): void {
    try {
      super.checkRange(offset, length)
    } catch (error) {
      throw Object.assign(error as Error, { place: {} })
    }
  }
}

export class ThenThrows extends CachingProvider {
  override read(offset: number, target: Uint8Array): MaybeSleep {
    return {
      // oxlint-disable-next-line unicorn/no-thenable -- a wait is a thenable by contract
      then: (...callbacks) => {
        super.read(offset, target)
        return Promise.resolve().then(...callbacks)
      },
    }
  }
}

export class TearsAtomicWrites extends CachingProvider {
  override write(offset: number, source: Uint8Array): MaybeSleep {
    const answer = super.write(offset, source)
    if (source.length === 8) this.medium.durable.set(source.subarray(0, 4), offset)
    return answer
  }
}

/** One store in eight reaches the medium at once. */
export class ReordersALine extends CachingProvider {
  override write(offset: number, source: Uint8Array): MaybeSleep {
    const answer = super.write(offset, source)
    if (source.length === 8 && offset % 64 === 0) this.medium.durable.set(source, offset)
    return answer
  }
}

/** Of several persists at once only the last one is made. */
export class PersistsOneAtATime extends CachingProvider {
  private latest = 0

  override persist(offset: number, length: number): MaybeSleep {
    const number = ++this.latest
    const wait = super.persist(offset, length)
    return {
      // oxlint-disable-next-line unicorn/no-thenable -- a wait is a thenable by contract
      then: (...callbacks) =>
        Promise.resolve()
          .then(() => (number === this.latest ? wait : undefined))
          .then(...callbacks),
    }
  }
}

/** It says that 16 writes may be under way, and has room for one. */
export class HasRoomForOneWrite extends CachingProvider {
  private pending: readonly [number, Uint8Array] | undefined

  override write(offset: number, source: Uint8Array): MaybeSleep {
    this.checkRange(offset, source.length)
    this.pending = [offset, source]
    return Promise.resolve().then(() => {
      if (this.pending !== undefined) super.write(...this.pending)
      this.pending = undefined
    })
  }

  override zero(offset: number, length: number): MaybeSleep {
    this.pending = undefined
    return super.zero(offset, length)
  }
}

/** What is read while a write is under way is of neither. */
export class ReadsHalfStored extends CachingProvider {
  override write(offset: number, source: Uint8Array): MaybeSleep {
    super.write(offset, new Uint8Array(source.length).fill(0x77))
    return Promise.resolve().then(() => super.write(offset, source))
  }
}
