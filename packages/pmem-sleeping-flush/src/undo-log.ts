/**
 * What unflushed stores overwrote, so that a power cut can be simulated.
 *
 * Invariants:
 * - Stores are made one at a time, so the order of the entries is that of the stores, and to undo them from the last one back leaves what was there
 *   before any of them.
 * - An entry goes when it is durable, and only then: when a flush succeeded that was called after the store was complete. So of the stores to one
 *   unit a first part goes, never one from the middle.
 * - What a crash leaves whole or undone (a unit), or keeps in order (a line of units), becomes durable as one.
 */
import type { ByteRange, ProviderCapabilities, WriteSegment } from '@bttkit/interfaces'
import { seededNumbers } from './seeded-random.ts'

const LINE_BYTES = 64

interface Entry {
  /** Of the store. Several entries are of one store that has several ranges. */
  readonly number: number
  readonly offset: number
  readonly old: Uint8Array
}

/** The parts of an entry that begin and end where units do, or it does. */
function unitsOf({ number, offset, old }: Entry, unitBytes: number): Entry[] {
  const units: Entry[] = []
  for (let start = 0; start < old.length;) {
    const length = Math.min(unitBytes - ((offset + start) % unitBytes), old.length - start)
    units.push({ number, offset: offset + start, old: old.subarray(start, start + length) })
    start += length
  }
  return units
}

/** What of an entry is not in the range from `start` to `end`. */
function outside({ number, offset, old }: Entry, start: number, end: number): Entry[] {
  const entryEnd = offset + old.length
  if (entryEnd <= start || offset >= end) return [{ number, offset, old }]
  const rest: Entry[] = []
  if (offset < start) rest.push({ number, offset, old: old.subarray(0, start - offset) })
  if (entryEnd > end) rest.push({ number, offset: end, old: old.subarray(end - offset) })
  return rest
}

export class UndoLog {
  private readonly unitBytes: number
  private readonly lineBytes: number
  private entries: Entry[] = []
  private completeStores = 0

  constructor(capabilities: ProviderCapabilities) {
    const { atomicWriteBytes, tearGranularityBytes, sameLineOrdered } = capabilities
    this.unitBytes = Math.max(8, atomicWriteBytes, tearGranularityBytes)
    this.lineBytes = sameLineOrdered ? Math.max(LINE_BYTES, this.unitBytes) : this.unitBytes
  }

  /** For `makeDurable`: how many stores are complete now. */
  get mark(): number {
    return this.completeStores
  }

  /** The store that is under way overwrites these bytes. */
  overwrites(offset: number, old: Uint8Array): void {
    if (old.length > 0) this.entries.push({ number: this.completeStores + 1, offset, old })
  }

  /** The store that was under way is over; of one that failed nobody knows what it stored. */
  endStore(): void {
    this.completeStores++
  }

  /** The stores up to `mark` cannot be lost any more where they touch the range. */
  makeDurable(mark: number, { offset, length }: ByteRange): void {
    if (length === 0) return
    const { lineBytes } = this
    const start = Math.floor(offset / lineBytes) * lineBytes
    const end = Math.ceil((offset + length) / lineBytes) * lineBytes
    this.entries = this.entries.flatMap((entry) =>
      entry.number > mark ? [entry] : outside(entry, start, end),
    )
  }

  /**
   * What to store, in this order, so that the storage is as after a power cut: without everything in the log, or, with a seed, without some of it.
   * Then each unit, or line where its stores are in order, keeps a first part of the stores to it, from none to all as likely.
   */
  undoing(seed: number | undefined): WriteSegment[] {
    const lost = seed === undefined ? this.entries : this.lostOf(seededNumbers(seed))
    return lost.toReversed().map(({ offset, old }) => ({ offset, source: old }))
  }

  private lostOf(numberBelow: (limit: number) => number): Entry[] {
    const lines = new Map<number, { stores: number; kept: number }>()
    const lineOf = ({ offset }: Entry): number => Math.floor(offset / this.lineBytes)
    const units = this.entries.flatMap((entry) => unitsOf(entry, this.unitBytes))
    for (const unit of units) {
      const line = lines.get(lineOf(unit))
      if (line === undefined) lines.set(lineOf(unit), { stores: 1, kept: 0 })
      else line.stores++
    }
    for (const line of lines.values()) line.kept = numberBelow(line.stores + 1)
    return units.filter((unit) => {
      const line = lines.get(lineOf(unit))
      return line === undefined || --line.kept < 0
    })
  }
}
