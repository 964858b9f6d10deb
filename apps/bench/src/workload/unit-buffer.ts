/**
 * What sectors contain: in the first word their LBA, in the second how often their unit was written by its stream, 0 for a sector that was only filled,
 * in the last word the complement of that, and between them the same in all sectors. native/workload.c has it, too.
 */
import type { Workload } from './workload.ts'

const BODY_STEP = 0x9e37_79b1
const WORD_BYTES = Uint32Array.BYTES_PER_ELEMENT

/** The buffer of a stream. Nothing is allocated once it is there. */
export class UnitBuffer {
  /** One a call, in the order of the sectors. */
  readonly calls: readonly Uint8Array[]
  private readonly words: Uint32Array
  private readonly sectorWords: number

  constructor({ sectorBytes, unitSectors, callSectors }: Workload) {
    this.sectorWords = sectorBytes / WORD_BYTES
    this.words = new Uint32Array(this.sectorWords * unitSectors)
    for (let i = 0; i < this.words.length; i++) this.words[i] = Math.imul(i % this.sectorWords, BODY_STEP)
    const callBytes = callSectors * sectorBytes
    this.calls = Array.from(
      { length: unitSectors / callSectors },
      (_, call) => new Uint8Array(this.words.buffer, call * callBytes, callBytes),
    )
  }

  /** Makes it the content of the unit at `lba`. */
  stamp(lba: number, generation: number): void {
    const { words, sectorWords } = this
    for (let at = 0, sector = lba; at < words.length; at += sectorWords, sector++) {
      words[at] = sector
      words[at + 1] = generation
      words[at + sectorWords - 1] = ~generation
    }
  }

  /** Looks at both ends of each sector that was read, which costs next to nothing; verifying looks at every word. */
  checkEnds(lba: number): void {
    const { words, sectorWords } = this
    for (let at = 0, sector = lba; at < words.length; at += sectorWords, sector++) {
      if (words[at] !== sector || words[at + sectorWords - 1] !== ~(words[at + 1] ?? 0) >>> 0)
        throw new Error(`sector ${sector} was asked for, and sector ${words[at]} came`)
    }
  }

  /** The index of the first word that is not as in the sector `lba` of this generation; -1 where all are. */
  differenceIn(sector: Uint32Array, lba: number, generation: number): number {
    this.stamp(lba, generation)
    const { words } = this
    for (let i = 0; i < this.sectorWords; i++) if (sector[i] !== words[i]) return i
    return -1
  }
}
