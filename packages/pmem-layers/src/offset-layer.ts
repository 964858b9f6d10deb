import {
  BadBlockError,
  checkRange,
  isBttkitError,
  OutOfRangeError,
  type ByteRange,
  type MaybeSleep,
  type PmemProvider,
  type ProviderCapabilities,
  type ProviderShare,
} from '@bttkit/interfaces'
import { clippedRanges } from './byte-ranges.ts'
import { onceOver, type CallOutcome } from './following-waits.ts'
import { layerShare } from './layer-share.ts'
import { MEDIA_UNIT_BYTES } from './media-errors.ts'
import { PassingLayer } from './passing-layer.ts'
import type { ProviderCall } from './provider-call.ts'

export const OFFSET_SCHEME = 'offset'

/** The window, in bytes of the inner storage. */
export interface OffsetOptions {
  readonly offset: number
  /** Default: as far as the inner storage goes. */
  readonly size?: number
}

const LINE_BYTES = 64

/** Stands for any size, of which it has every alignment that an offset can have. */
const LARGEST_ALIGNMENT_BYTES = 2 ** 53

function greatestCommonDivisor(one: number, other: number): number {
  return other === 0 ? one : greatestCommonDivisor(other, one % other)
}

/** What all multiples of `bytes`, which may be infinite, are still multiples of when they are moved by `offset`. */
function movedAlignment(bytes: number, offset: number): number {
  return offset === 0 ? bytes : greatestCommonDivisor(Math.min(bytes, LARGEST_ALIGNMENT_BYTES), offset)
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

/** Also one that another copy of the package made. */
function isBadBlockError(error: unknown): error is BadBlockError {
  return isBttkitError(error) && error.code === ('BTT_BAD_BLOCK' satisfies BadBlockError['code'])
}

function sizeOf(inner: PmemProvider, { offset, size = inner.size - offset }: OffsetOptions): number {
  const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(size)
  if (whole && offset >= 0 && size >= 0 && offset + size <= inner.size) return size
  const detail = `a window of ${size} bytes from there on is not within the ${inner.size} bytes of the storage`
  throw new OutOfRangeError({ image: inner.name, offset }, detail)
}

/**
 * A window on the inner storage: its byte `offset` is the window's first. Whole storage is locked, flushed and closed. Failures of the inner provider name its own
 * offsets, but for a `BadBlockError`.
 *
 * What the inner provider knows to be bad is passed on where the window begins with a whole unit of 512 bytes. Elsewhere each of the window's units would be parts of
 * two of the medium, and no write of one could make it good; so it has no `badBlocks` then, and a read still meets what is bad.
 */
export class OffsetLayer extends PassingLayer {
  readonly offset: number

  /** @throws {OutOfRangeError} for a window that is not within the inner storage. */
  constructor(inner: PmemProvider, options: OffsetOptions) {
    super(inner, {
      size: sizeOf(inner, options),
      capabilities: capabilitiesAt(options.offset, inner.capabilities),
      hidesBadBlocks: options.offset % MEDIA_UNIT_BYTES !== 0,
    })
    this.offset = options.offset
  }

  /** Checks here what the inner provider cannot: that a call stays in the window. */
  protected override around(call: ProviderCall, run: () => MaybeSleep): MaybeSleep {
    for (const { offset, length } of call.pieces) checkRange(this, offset, length)
    if (!call.kinds.includes('read')) return run()
    const over = (outcome: CallOutcome): void => {
      if (outcome.failed && isBadBlockError(outcome.error)) throw this.badBlockHere(outcome.error)
    }
    return onceOver(run, over, this.name)
  }

  protected override innerOffset(offset: number): number {
    return this.offset + offset
  }

  protected override badBlocksOver(inner: readonly ByteRange[]): readonly ByteRange[] {
    return clippedRanges(inner, this.offset, this.offset + this.size).map(({ offset, length }) => ({
      offset: offset - this.offset,
      length,
    }))
  }

  protected override shareOver(shareInner: () => ProviderShare): ProviderShare {
    return layerShare(OFFSET_SCHEME, shareInner(), { offset: this.offset, size: this.size })
  }

  /** A bad unit may begin before the window. */
  private badBlockHere(cause: BadBlockError): BadBlockError {
    const { offset } = cause.place
    if (offset === undefined) return cause
    const place = { ...cause.place, offset: Math.max(0, offset - this.offset) }
    return new BadBlockError(place, `bad in a window from byte ${this.offset} on`, { cause })
  }
}
