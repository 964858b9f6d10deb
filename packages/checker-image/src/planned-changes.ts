import type { ByteRange } from '@bttkit/interfaces'

/** In what units a medium loses its content, and is made good again. */
export const UNIT_BYTES = 512

interface Unit {
  readonly bytes: Uint8Array
  /** 1 for each byte that is planned. */
  readonly isPlanned: Uint8Array
}

/** What a plan will have stored. A reader that is given it sees the image as it will be then, and nothing of it is stored yet. */
export class PlannedChanges {
  private readonly units = new Map<number, Unit>()

  write(offset: number, source: Uint8Array): void {
    for (const { index, at, start, length } of piecesIn(offset, source.length)) {
      const unit = this.unit(index)
      unit.bytes.set(source.subarray(start, start + length), at)
      unit.isPlanned.fill(1, at, at + length)
    }
  }

  /** Puts what is planned over what was read from `offset` on. */
  patch(offset: number, target: Uint8Array): void {
    if (this.units.size === 0) return
    for (const { index, at, start, length } of piecesIn(offset, target.length)) {
      const unit = this.units.get(index)
      if (unit === undefined) continue
      for (let i = 0; i < length; i++)
        if (unit.isPlanned[at + i] === 1) target[start + i] = unit.bytes[at + i] ?? 0
    }
  }

  /** Whether every byte of a range is planned, so that nobody needs to know what is there now. */
  covers(offset: number, length: number): boolean {
    if (this.units.size === 0) return false
    for (const piece of piecesIn(offset, length)) {
      const unit = this.units.get(piece.index)
      if (unit?.isPlanned.subarray(piece.at, piece.at + piece.length).every((one) => one === 1) !== true)
        return false
    }
    return true
  }

  /** The units in a range of which something is planned, in order. */
  rangesIn(offset: number, length: number): ByteRange[] {
    const end = offset + length
    return [...this.units.keys()]
      .filter((index) => (index + 1) * UNIT_BYTES > offset && index * UNIT_BYTES < end)
      .toSorted((a, b) => a - b)
      .map((index) => {
        const start = Math.max(offset, index * UNIT_BYTES)
        return { offset: start, length: Math.min(end, (index + 1) * UNIT_BYTES) - start }
      })
  }

  private unit(index: number): Unit {
    let unit = this.units.get(index)
    if (unit === undefined) {
      unit = { bytes: new Uint8Array(UNIT_BYTES), isPlanned: new Uint8Array(UNIT_BYTES) }
      this.units.set(index, unit)
    }
    return unit
  }
}

interface Piece {
  readonly index: number
  /** Byte of the unit. */
  readonly at: number
  /** Byte of the range. */
  readonly start: number
  readonly length: number
}

function* piecesIn(offset: number, total: number): Generator<Piece> {
  for (let start = 0; start < total;) {
    const index = Math.floor((offset + start) / UNIT_BYTES)
    const at = offset + start - index * UNIT_BYTES
    const length = Math.min(total - start, UNIT_BYTES - at)
    yield { index, at, start, length }
    start += length
  }
}

/** One list of ranges, in order and apart. */
export function mergeRanges(ranges: readonly ByteRange[]): ByteRange[] {
  const merged: { offset: number; length: number }[] = []
  for (const { offset, length } of ranges.toSorted((a, b) => a.offset - b.offset)) {
    const last = merged.at(-1)
    if (last !== undefined && offset <= last.offset + last.length)
      last.length = Math.max(last.length, offset + length - last.offset)
    else merged.push({ offset, length })
  }
  return merged
}
