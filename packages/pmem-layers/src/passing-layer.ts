/**
 * A layer over a provider, whose owner it becomes.
 *
 * Invariants:
 * - Each call of the layer is one call of the same method of the inner provider, or is refused: a layer does not turn one method into another unless it says so.
 * - An optional method exists exactly where the inner provider has it, so that its caller does without as ever. The exceptions say so.
 * - There is no `mapping`: whoever has one stores past every layer.
 * - What a call is for travels with the call: the inner provider is told right before it gets the call, and never of one that the layer refuses or still holds back.
 */
import {
  checkRange,
  ClosedError,
  type ByteRange,
  type CallStage,
  type LockMode,
  type MaybeSleep,
  type PmemProvider,
  type ProviderCapabilities,
  type ProviderShare,
  type WriteSegment,
} from '@bttkit/interfaces'
import type { CallKind, CallMethod, CallPiece, CallPurpose, ProviderCall } from './provider-call.ts'

/** In what a layer differs from the provider under it. */
export interface LayerDifferences {
  readonly size?: number
  readonly readOnly?: boolean
  readonly capabilities?: Partial<ProviderCapabilities>
  /** True where the layer cannot say in whole units what the inner provider knows to be bad: it then has no `badBlocks`. Default false. */
  readonly hidesBadBlocks?: boolean
  /** True where a read of a hole is not what the inner provider makes of it: the layer then has no `dataRanges`. Default false. */
  readonly hidesDataRanges?: boolean
  /** Whether the layer itself wants to know what calls are for: it then has `annotate` over every provider. Default false. */
  readonly wantsPurpose?: boolean
}

const KINDS: Readonly<Record<CallMethod, readonly CallKind[]>> = {
  read: ['read'],
  readInto: ['read'],
  write: ['write'],
  writeFrom: ['write'],
  writeMany: ['write'],
  writeThrough: ['write', 'flush'],
  zero: ['write'],
  flush: ['flush'],
  persist: ['flush'],
  persistMany: ['flush'],
  lock: ['lock'],
  close: ['close'],
}

/** Passes everything on. A layer overrides `around`, which every call goes through. */
export abstract class PassingLayer implements PmemProvider {
  readonly name: string
  readonly size: number
  readonly readOnly: boolean
  readonly capabilities: ProviderCapabilities
  // Declared only: a field would exist, with nothing in it, where the inner provider has no such method.
  declare readonly readInto?: (
    offset: number,
    target: Uint8Array,
    start: number,
    length: number,
  ) => MaybeSleep
  declare readonly writeFrom?: (
    offset: number,
    source: Uint8Array,
    start: number,
    length: number,
  ) => MaybeSleep
  declare readonly writeThrough?: (
    offset: number,
    source: Uint8Array,
    start: number,
    length: number,
  ) => MaybeSleep
  declare readonly writeMany?: (segments: readonly WriteSegment[]) => MaybeSleep
  declare readonly zero?: (offset: number, length: number) => MaybeSleep
  declare readonly persist?: (offset: number, length: number) => MaybeSleep
  declare readonly persistMany?: (ranges: readonly ByteRange[]) => MaybeSleep
  declare readonly badBlocks?: () => readonly ByteRange[]
  declare readonly dataRanges?: (offset: number, length: number) => readonly ByteRange[]
  declare readonly annotate?: (stage: CallStage, lane?: number) => void
  declare readonly lock?: (mode: LockMode) => MaybeSleep
  declare readonly share?: () => ProviderShare
  protected readonly inner: PmemProvider
  /** What the next call is for. */
  private nextPurpose: CallPurpose | undefined
  private closed = false

  constructor(inner: PmemProvider, differences: LayerDifferences = {}) {
    this.inner = inner
    this.name = inner.name
    this.size = differences.size ?? inner.size
    this.readOnly = differences.readOnly ?? inner.readOnly
    this.capabilities = Object.freeze({ ...inner.capabilities, ...differences.capabilities })
    const readInto = inner.readInto?.bind(inner)
    if (readInto !== undefined) {
      this.readInto = (offset, target, start, length) =>
        this.pass('readInto', [{ offset, length }], () =>
          readInto(this.innerOffset(offset), target, start, length),
        )
    }
    const writeFrom = inner.writeFrom?.bind(inner)
    if (writeFrom !== undefined) {
      this.writeFrom = (offset, source, start, length) =>
        this.pass('writeFrom', [pieceIn(offset, source, start, length)], () =>
          writeFrom(this.innerOffset(offset), source, start, length),
        )
    }
    const writeThrough = inner.writeThrough?.bind(inner)
    if (writeThrough !== undefined) {
      this.writeThrough = (offset, source, start, length) =>
        this.pass('writeThrough', [pieceIn(offset, source, start, length)], () =>
          writeThrough(this.innerOffset(offset), source, start, length),
        )
    }
    const writeMany = inner.writeMany?.bind(inner)
    if (writeMany !== undefined) {
      this.writeMany = (segments) =>
        this.pass('writeMany', segments.map(pieceOf), () => writeMany(this.innerSegments(segments)))
    }
    const zero = inner.zero?.bind(inner)
    if (zero !== undefined) {
      this.zero = (offset, length) =>
        this.pass('zero', [{ offset, length }], () => zero(this.innerOffset(offset), length))
    }
    const persist = inner.persist?.bind(inner)
    if (persist !== undefined) {
      this.persist = (offset, length) =>
        this.pass('persist', [{ offset, length }], () => persist(this.innerOffset(offset), length))
    }
    const persistMany = inner.persistMany?.bind(inner)
    if (persistMany !== undefined) {
      this.persistMany = (ranges) =>
        this.pass('persistMany', ranges, () => persistMany(this.innerRanges(ranges)))
    }
    const badBlocks = inner.badBlocks?.bind(inner)
    if (badBlocks !== undefined && differences.hidesBadBlocks !== true)
      this.badBlocks = () => this.whileOpen(() => this.badBlocksOver(badBlocks()))
    const dataRanges = inner.dataRanges?.bind(inner)
    if (dataRanges !== undefined && differences.hidesDataRanges !== true) {
      this.dataRanges = (offset, length) => this.rangesHere(dataRanges, offset, length)
    }
    if (inner.annotate !== undefined || differences.wantsPurpose === true) {
      this.annotate = (stage, lane) => {
        this.nextPurpose = lane === undefined ? { stage } : { stage, lane }
      }
    }
    const lock = inner.lock?.bind(inner)
    if (lock !== undefined) this.lock = (mode) => this.pass('lock', [], () => lock(mode))
    const share = inner.share?.bind(inner)
    if (share !== undefined) this.share = () => this.whileOpen(() => this.shareOver(share))
  }

  read(offset: number, target: Uint8Array): MaybeSleep {
    return this.pass('read', [{ offset, length: target.byteLength }], () =>
      this.inner.read(this.innerOffset(offset), target),
    )
  }

  write(offset: number, source: Uint8Array): MaybeSleep {
    return this.pass('write', [pieceOf({ offset, source })], () =>
      this.inner.write(this.innerOffset(offset), source),
    )
  }

  flush(): MaybeSleep {
    return this.pass('flush', [{ offset: 0, length: this.size }], () => this.inner.flush())
  }

  /** Closes the inner provider too. */
  close(): MaybeSleep {
    this.closed = true
    return this.passUnchecked('close', [], () => this.inner.close())
  }

  /** What a layer does with a call; `run` makes it of the inner provider. Not called after the close, but for another close. */
  protected around(_call: ProviderCall, run: () => MaybeSleep): MaybeSleep {
    return run()
  }

  /** Where the inner provider has what the layer's caller calls `offset`. */
  protected innerOffset(offset: number): number {
    return offset
  }

  /** What is bad of the layer where that is bad of the inner provider. */
  protected badBlocksOver(inner: readonly ByteRange[]): readonly ByteRange[] {
    return inner
  }

  /**
   * The share of this layer, over that of the inner provider, which is asked for only where it is needed: sharing may change how that works. Throws a
   * `TypeError` with the reason where threads cannot have the layer.
   */
  protected abstract shareOver(shareInner: () => ProviderShare): ProviderShare

  /** For a layer that makes a call of the inner provider by itself, and not by `run`. */
  protected tellInner({ purpose }: ProviderCall): void {
    if (purpose !== undefined) this.inner.annotate?.(purpose.stage, purpose.lane)
  }

  /** @throws {ClosedError} after the close. */
  protected checkOpen(): void {
    if (this.closed) throw new ClosedError({ image: this.name }, 'the storage was closed')
  }

  private whileOpen<T>(make: () => T): T {
    this.checkOpen()
    return make()
  }

  private pass(method: CallMethod, pieces: readonly CallPiece[], make: () => MaybeSleep): MaybeSleep {
    this.checkOpen()
    return this.passUnchecked(method, pieces, make)
  }

  private passUnchecked(
    method: CallMethod,
    pieces: readonly CallPiece[],
    make: () => MaybeSleep,
  ): MaybeSleep {
    const purpose = this.nextPurpose
    this.nextPurpose = undefined
    const call = { method, kinds: KINDS[method], pieces, ...(purpose === undefined ? {} : { purpose }) }
    return this.around(call, () => {
      this.tellInner(call)
      return make()
    })
  }

  private innerRanges(ranges: readonly ByteRange[]): ByteRange[] {
    return ranges.map(({ offset, length }) => ({ offset: this.innerOffset(offset), length }))
  }

  private rangesHere(
    innerRanges: (offset: number, length: number) => readonly ByteRange[],
    offset: number,
    length: number,
  ): ByteRange[] {
    this.checkOpen()
    checkRange(this, offset, length)
    const shift = this.innerOffset(0)
    return innerRanges(offset + shift, length).map((range) => ({ ...range, offset: range.offset - shift }))
  }

  private innerSegments(segments: readonly WriteSegment[]): WriteSegment[] {
    return segments.map(({ offset, source }) => ({ offset: this.innerOffset(offset), source }))
  }
}

function pieceOf({ offset, source }: WriteSegment): CallPiece {
  return { offset, length: source.byteLength, source }
}

function pieceIn(offset: number, source: Uint8Array, start: number, length: number): CallPiece {
  return { offset, length, source: source.subarray(start, start + length) }
}
