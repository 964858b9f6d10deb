import {
  OutOfRangeError,
  type MaybeSleep,
  type PmemProvider,
  type ProviderCapabilities,
  type ProviderShare,
} from '@bttkit/interfaces'
import { layerShare } from './layer-share.ts'
import { PassingLayer } from './passing-layer.ts'
import type { CallPiece, ProviderCall } from './provider-call.ts'

export const OFFSET_SCHEME = 'offset'

/** The window, in bytes of the inner storage. */
export interface OffsetOptions {
  readonly offset: number
  /** Default: as far as the inner storage goes. */
  readonly size?: number
}

const LINE_BYTES = 64

/** What aligned accesses of `bytes` keep of their size when all of them are moved by `offset`: what divides both, as powers of two. */
function movedAlignment(bytes: number, offset: number): number {
  if (offset === 0 || offset % bytes === 0) return bytes
  let alignment = 1
  while (offset % (alignment * 2) === 0) alignment *= 2
  return Math.min(bytes, alignment)
}

/** A window that begins off the alignment of a promise has less of it. */
function capabilitiesAt(offset: number, inner: ProviderCapabilities): Partial<ProviderCapabilities> {
  const { atomicWriteBytes, tearGranularityBytes, sameLineOrdered, atomicAccessBytes } = inner
  return {
    atomicWriteBytes: movedAlignment(atomicWriteBytes, offset),
    tearGranularityBytes: movedAlignment(tearGranularityBytes, offset),
    sameLineOrdered: sameLineOrdered && offset % LINE_BYTES === 0,
    atomicAccessBytes: offset % atomicAccessBytes === 0 ? atomicAccessBytes : 0,
  }
}

function sizeOf(inner: PmemProvider, { offset, size = inner.size - offset }: OffsetOptions): number {
  const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(size)
  if (whole && offset >= 0 && size >= 0 && offset + size <= inner.size) return size
  const detail = `a window of ${size} bytes from there on is not within the ${inner.size} bytes of the storage`
  throw new OutOfRangeError({ image: inner.name, offset }, detail)
}

/**
 * A window on the inner storage: its byte `offset` is the window's first. Whole storage is locked, flushed and closed. Failures of the inner provider name its own
 * offsets.
 */
export class OffsetLayer extends PassingLayer {
  readonly offset: number

  /** @throws {OutOfRangeError} for a window that is not within the inner storage. */
  constructor(inner: PmemProvider, options: OffsetOptions) {
    const size = sizeOf(inner, options)
    super(inner, { size, capabilities: capabilitiesAt(options.offset, inner.capabilities) })
    this.offset = options.offset
  }

  /** Checks here what the inner provider cannot: that a call stays in the window. */
  protected override around(call: ProviderCall, run: () => MaybeSleep): MaybeSleep {
    for (const piece of call.pieces) this.checkRange(piece)
    return run()
  }

  protected override innerOffset(offset: number): number {
    return this.offset + offset
  }

  protected override shareOver(inner: ProviderShare): ProviderShare {
    return layerShare(OFFSET_SCHEME, inner, { offset: this.offset, size: this.size })
  }

  private checkRange({ offset, length }: CallPiece): void {
    const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(length)
    if (whole && offset >= 0 && length >= 0 && offset + length <= this.size) return
    const detail = `${length} bytes from there are not within the ${this.size} bytes of the window`
    throw new OutOfRangeError({ image: this.name, offset }, detail)
  }
}
