import {
  ClosedError,
  checkPiece,
  checkRange,
  type ByteRange,
  type PmemProvider,
  type ProviderCapabilities,
} from '@bttkit/interfaces'
import { PlainContent, type Content } from './content.ts'
import type { Aftermath, InFlight, UnitFate } from './in-flight.ts'
import { rulesOf, type PowerFailModel } from './models.ts'
import { Overlay } from './overlay.ts'
import { PowerFailure } from './power-failure.ts'

export interface PowerFailMemoryOptions {
  /** What is on the media at the start, or how many zeros. Bytes are neither copied nor changed, and must not change. */
  readonly media: Uint8Array | number
  /** What a power failure does to writes that are not durable. */
  readonly model: PowerFailModel
  /** For messages. Default: the model. */
  readonly name?: string
}

/** Where a memory begins that comes from another one. */
interface Beginning {
  readonly size: number
  /** What reads see. */
  readonly seen: Overlay
  /** What is durable. */
  readonly media: Overlay
  readonly inFlight: InFlight
  readonly aftermath: Aftermath | undefined
}

function mediaOf(media: Uint8Array | number): Uint8Array {
  if (media instanceof Uint8Array) return media
  if (!Number.isSafeInteger(media) || media < 0) throw new TypeError(`a memory cannot have ${media} bytes`)
  return new Uint8Array(media)
}

function freshBeginning(bytes: Uint8Array, inFlight: InFlight): Beginning {
  return { size: bytes.length, ...over(new PlainContent(bytes)), inFlight, aftermath: undefined }
}

function over(content: Content): Pick<Beginning, 'seen' | 'media'> {
  return { seen: new Overlay(content), media: new Overlay(content) }
}

/**
 * Storage whose power can be cut: for finding out what is left of a program's work at any moment.
 *
 * ```ts
 * const storage = new PowerFailMemory({ media: 64 * 2 ** 20, model: 'px86' })
 * runAtomic(engine.create(storage, options))
 * storage.cut().explore((left) => void runAtomic(engine.attach(left)))
 * ```
 *
 * No call waits. Whether a write is durable when it is complete, and whether a range can be persisted without the rest (`persist`), follows from the model, as
 * the capabilities do. It is simulated memory: it ends with the process.
 */
export class PowerFailMemory implements PmemProvider {
  readonly name: string
  readonly model: PowerFailModel
  /** Bytes. */
  readonly size: number
  readonly readOnly = false
  readonly capabilities: ProviderCapabilities
  /** Makes durable what was written to a range. Only in models that can do so without a flush of everything. Throws as `read`. */
  readonly persist?: (offset: number, length: number) => undefined
  /** As `persist`, of several ranges. Of one after the other: that nothing else happens meanwhile is up to who calls. */
  readonly persistMany?: (ranges: readonly ByteRange[]) => undefined
  private readonly seen: Overlay
  private readonly media: Overlay
  private readonly inFlight: InFlight
  private readonly aftermath: Aftermath | undefined
  private closed = false

  /**
   * @param beginning is for copies, and for what a power failure has left; not for others
   * @throws {TypeError} for a size that is no number of bytes, and for a model that there is not
   */
  constructor({ media, model, name = model }: PowerFailMemoryOptions, beginning?: Beginning) {
    const rules = rulesOf(model)
    this.name = name
    this.model = model
    this.capabilities = rules.capabilities
    const start = beginning ?? freshBeginning(mediaOf(media), rules.start())
    this.size = start.size
    this.seen = start.seen
    this.media = start.media
    this.inFlight = start.inFlight
    this.aftermath = start.aftermath
    if (this.inFlight.persistsRanges) {
      this.persist = (offset, length) => this.startFlush(offset, length)()
      this.persistMany = (ranges) => {
        for (const end of ranges.map(({ offset, length }) => this.startFlush(offset, length))) end()
      }
    }
  }

  /**
   * What became of what was in flight when the power failed that this storage begins with, as far as anybody has read it: for `PowerFailure.state`.
   * Empty where no power has failed. Plain JSON.
   */
  get choices(): readonly UnitFate[] {
    return this.aftermath?.fates() ?? []
  }

  /** What a power failure at this moment may leave. The storage goes on unharmed; it may be closed. Cheap: what is on the media is shared. */
  cut(): PowerFailure {
    const { model, name, size } = this
    const rules = rulesOf(model)
    return new PowerFailure(this.media.copy(), this.inFlight.states(), (aftermath) => {
      const beginning = { size, ...over(aftermath), inFlight: rules.start(), aftermath }
      return new PowerFailMemory({ media: size, model, name }, beginning)
    })
  }

  /**
   * Another storage in the same state, with the same writes in flight; neither sees what becomes of the other. Cheap, so that thousands of runs can begin with
   * one image. Open, also where this one is closed.
   */
  copy(): PowerFailMemory {
    const { model, name, size, aftermath } = this
    const [seen, media, inFlight] = [this.seen.copy(), this.media.copy(), this.inFlight.copy()]
    return new PowerFailMemory({ media: size, model, name }, { size, seen, media, inFlight, aftermath })
  }

  /** @throws {OutOfRangeError} beyond the memory. @throws {ClosedError} after `close`. */
  read(offset: number, target: Uint8Array): undefined {
    this.readInto(offset, target, 0, target.byteLength)
  }

  /** As `read`; besides, `TypeError` where the piece is not within `target`. */
  readInto(offset: number, target: Uint8Array, start: number, length: number): undefined {
    this.checkRange(offset, length)
    checkPiece(target, start, length)
    this.seen.read(offset, target, start, length)
  }

  /** As durable as the model says. Throws as `read`. */
  write(offset: number, source: Uint8Array): undefined {
    this.writeFrom(offset, source, 0, source.byteLength)
  }

  /** As `write`; besides, `TypeError` where the piece is not within `source`. */
  writeFrom(offset: number, source: Uint8Array, start: number, length: number): undefined {
    this.checkRange(offset, length)
    checkPiece(source, start, length)
    this.store(offset, new Uint8Array(source.subarray(start, start + length)))
  }

  /** Writes zeros, in one write. Throws as `read`. */
  zero(offset: number, length: number): undefined {
    this.checkRange(offset, length)
    this.store(offset, new Uint8Array(length))
  }

  /** Makes all writes durable. @throws {ClosedError} after `close`. */
  flush(): undefined {
    return this.startFlush()()
  }

  /**
   * Starts a flush that takes time. What it returns ends it: then that is durable which was written before its start, and what was written since is not. Of a range only, where the model can
   * persist one. Throws as `read`.
   */
  startFlush(offset = 0, length = this.size): () => undefined {
    this.checkRange(offset, length)
    const end = this.inFlight.startFlush(offset, length)
    return () => {
      end(this.media)
    }
  }

  /** What is in flight stays so: closing is no flush. */
  close(): undefined {
    this.closed = true
  }

  private store(offset: number, bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.seen.write(offset, bytes)
    this.inFlight.add(offset, bytes)
    if (this.capabilities.durableOnWrite) this.inFlight.startFlush(0, this.size)(this.media)
  }

  private checkRange(offset: number, length: number): void {
    this.checkOpen()
    checkRange(this, offset, length)
  }

  private checkOpen(): void {
    if (this.closed) throw new ClosedError({ image: this.name }, 'the memory was closed')
  }
}
