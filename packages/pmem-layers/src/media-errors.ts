import type { ByteRange } from '@bttkit/interfaces'
import { clippedRanges, mergedRanges } from './byte-ranges.ts'

/** In what units a medium goes bad and is cleared. The last one is shorter where the storage ends in it. */
export const MEDIA_UNIT_BYTES = 512

/** The bad units of a medium. A range makes every unit bad that it touches; a write clears only those that it covers. */
export class MediaErrors {
  private readonly sizeBytes: number
  private readonly badUnits = new Set<number>()

  constructor(sizeBytes: number) {
    this.sizeBytes = sizeBytes
  }

  /** @throws {TypeError} for a range that is not within the medium. */
  add({ offset, length }: ByteRange): void {
    const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(length)
    if (!whole || offset < 0 || length < 0 || offset + length > this.sizeBytes) {
      const medium = `a medium of ${this.sizeBytes} bytes`
      throw new TypeError(`${length} bytes from ${offset} on cannot be bad of ${medium}`)
    }
    if (length === 0) return
    const end = Math.ceil((offset + length) / MEDIA_UNIT_BYTES)
    for (let unit = Math.floor(offset / MEDIA_UNIT_BYTES); unit < end; unit++) this.badUnits.add(unit)
  }

  /** The first byte of the first bad unit that the range touches. */
  firstIn({ offset, length }: ByteRange): number | undefined {
    if (this.badUnits.size === 0 || length === 0) return undefined
    const end = Math.ceil((offset + length) / MEDIA_UNIT_BYTES)
    for (let unit = Math.floor(offset / MEDIA_UNIT_BYTES); unit < end; unit++) {
      if (this.badUnits.has(unit)) return unit * MEDIA_UNIT_BYTES
    }
    return undefined
  }

  /** Makes the units good that the range covers. */
  clear({ offset, length }: ByteRange): void {
    if (this.badUnits.size === 0) return
    const reachesEnd = offset + length === this.sizeBytes
    const end = (reachesEnd ? Math.ceil : Math.floor)((offset + length) / MEDIA_UNIT_BYTES)
    for (let unit = Math.ceil(offset / MEDIA_UNIT_BYTES); unit < end; unit++) this.badUnits.delete(unit)
  }

  /** In order and apart. */
  list(): ByteRange[] {
    const units = [...this.badUnits].map((unit) => ({
      offset: unit * MEDIA_UNIT_BYTES,
      length: MEDIA_UNIT_BYTES,
    }))
    return clippedRanges(mergedRanges(units), 0, this.sizeBytes)
  }
}
