import type { CallPiece } from './provider-call.ts'

/** In what units a medium goes bad and is cleared. */
const MEDIA_UNIT_BYTES = 512

export interface MediaErrorRange {
  readonly offset: number
  readonly length: number
}

/** The bad units of a medium. A range makes every unit bad that it touches; a write clears only those that it covers. */
export class MediaErrors {
  private readonly badUnits = new Set<number>()

  /** @throws {TypeError} for a range that is none. */
  add({ offset, length }: MediaErrorRange): void {
    if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length < 0) {
      throw new TypeError(`${length} bytes from ${offset} on cannot have media errors`)
    }
    if (length === 0) return
    const end = Math.ceil((offset + length) / MEDIA_UNIT_BYTES)
    for (let unit = Math.floor(offset / MEDIA_UNIT_BYTES); unit < end; unit++) this.badUnits.add(unit)
  }

  /** The first byte of the first bad unit that the piece touches. */
  firstIn({ offset, length }: CallPiece): number | undefined {
    if (this.badUnits.size === 0 || length === 0) return undefined
    const end = Math.ceil((offset + length) / MEDIA_UNIT_BYTES)
    for (let unit = Math.floor(offset / MEDIA_UNIT_BYTES); unit < end; unit++) {
      if (this.badUnits.has(unit)) return unit * MEDIA_UNIT_BYTES
    }
    return undefined
  }

  /** Makes the units good that the piece covers. */
  clear({ offset, length }: CallPiece): void {
    if (this.badUnits.size === 0) return
    const end = Math.floor((offset + length) / MEDIA_UNIT_BYTES)
    for (let unit = Math.ceil(offset / MEDIA_UNIT_BYTES); unit < end; unit++) this.badUnits.delete(unit)
  }

  /** One range a bad unit, in order. */
  list(): MediaErrorRange[] {
    return [...this.badUnits]
      .toSorted((a, b) => a - b)
      .map((unit) => ({ offset: unit * MEDIA_UNIT_BYTES, length: MEDIA_UNIT_BYTES }))
  }
}
