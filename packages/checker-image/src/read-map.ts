/** Reading the map of an arena in pieces, from one end to the other. Holes are not read: their entries are all zeros. */
import type { ByteRange, Sleepable } from '@bttkit/interfaces'
import { MAP_ENTRY_BYTES, normalEntry } from '@bttkit/btt-format'
import type { Arena, CheckRun } from './check-run.ts'
import type { CompletedWrites } from './interrupted-writes.ts'

/** Told of each entry once, in order. Entries are counted in the arena. */
export interface MapVisitor {
  /** Entries as stored, but for interrupted writes, which are complete. The view is valid during the call. */
  entries(view: DataView, first: number, count: number): void
  /** Entries that are zero. */
  hole(first: number, count: number): void
  /** Entries that nobody knows. */
  lost(first: number, count: number): void
}

const PIECE_ENTRIES = 2 ** 18
/** The storage is asked about so much at once: it may know a range for each page of it. */
const WINDOW_ENTRIES = 2 ** 24

interface EntryRange {
  readonly first: number
  readonly end: number
}

class MapReading {
  private readonly run: CheckRun
  private readonly start: number
  private readonly total: number
  private readonly visitor: MapVisitor
  private readonly bytes: Uint8Array
  private readonly view: DataView
  /** Interrupted writes, the next one last. */
  private readonly coming: (readonly [premap: number, block: number])[]

  constructor(run: CheckRun, arena: Arena, completed: CompletedWrites, visitor: MapVisitor) {
    this.run = run
    this.start = arena.offset + arena.info.mapoff
    this.total = arena.info.externalNlba
    this.visitor = visitor
    this.bytes = new Uint8Array(Math.min(PIECE_ENTRIES, this.total) * MAP_ENTRY_BYTES)
    this.view = new DataView(this.bytes.buffer)
    this.coming = [...completed]
      .map(([premap, { block }]) => [premap, block] as const)
      .toSorted(([a], [b]) => b - a)
  }

  *read(): Sleepable<void> {
    for (let first = 0; first < this.total; first += WINDOW_ENTRIES) {
      const end = Math.min(first + WINDOW_ENTRIES, this.total)
      let done = first
      for (const range of this.dataIn(first, end)) {
        this.passHole(done, range.first)
        yield* this.readData(Math.max(done, range.first), range.end)
        done = Math.max(done, range.end)
      }
      this.passHole(done, end)
      if (this.run.passes.pause !== undefined) yield this.run.passes.pause
    }
  }

  private *dataIn(first: number, end: number): Generator<EntryRange> {
    const offset = this.start + first * MAP_ENTRY_BYTES
    for (const range of this.run.reader.dataRanges(offset, (end - first) * MAP_ENTRY_BYTES)) {
      // A hole need not end where an entry does.
      const from = Math.floor((range.offset - this.start) / MAP_ENTRY_BYTES)
      const to = Math.ceil((range.offset + range.length - this.start) / MAP_ENTRY_BYTES)
      yield { first: Math.max(first, from), end: Math.min(end, to) }
    }
  }

  private *readData(from: number, end: number): Sleepable<void> {
    for (let first = from; first < end; first += PIECE_ENTRIES) {
      const count = Math.min(PIECE_ENTRIES, end - first)
      const offset = this.start + first * MAP_ENTRY_BYTES
      const { reader, passes } = this.run
      const lost = yield* reader.readMost(offset, this.bytes, count * MAP_ENTRY_BYTES, 'map')
      this.visitData(first, count, lost)
      passes.advance(count)
      if (passes.pause !== undefined) yield passes.pause
    }
  }

  private visitData(first: number, count: number, lost: readonly ByteRange[]): void {
    for (const [premap, block] of this.completedBefore(first + count))
      this.view.setUint32((premap - first) * MAP_ENTRY_BYTES, normalEntry(block), true)
    let known = first
    for (const { offset, length } of lost) {
      const from = Math.floor((offset - this.start) / MAP_ENTRY_BYTES)
      const to = Math.ceil((offset + length - this.start) / MAP_ENTRY_BYTES)
      if (from > known) this.visitEntries(first, known, from)
      this.visitor.lost(Math.max(from, known), to - Math.max(from, known))
      known = to
    }
    if (first + count > known) this.visitEntries(first, known, first + count)
  }

  /** @param first of the entries in the buffer */
  private visitEntries(first: number, from: number, end: number): void {
    const { buffer } = this.bytes
    const view = new DataView(buffer, (from - first) * MAP_ENTRY_BYTES, (end - from) * MAP_ENTRY_BYTES)
    this.visitor.entries(view, from, end - from)
  }

  private passHole(from: number, end: number): void {
    let first = from
    for (const [premap, block] of this.completedBefore(end)) {
      if (premap > first) this.visitor.hole(first, premap - first)
      this.view.setUint32(0, normalEntry(block), true)
      this.visitor.entries(new DataView(this.bytes.buffer, 0, MAP_ENTRY_BYTES), premap, 1)
      first = premap + 1
    }
    if (end > first) this.visitor.hole(first, end - first)
    if (end > from) this.run.passes.advance(end - from)
  }

  /** The interrupted writes to sectors before `end` that have not been passed. */
  private *completedBefore(end: number): Generator<readonly [premap: number, block: number]> {
    for (let next = this.coming.at(-1); next !== undefined && next[0] < end; next = this.coming.at(-1)) {
      this.coming.pop()
      yield next
    }
  }
}

/** Reads the whole map. */
export function* readMap(
  run: CheckRun,
  arena: Arena,
  completed: CompletedWrites,
  visitor: MapVisitor,
): Sleepable<void> {
  yield* new MapReading(run, arena, completed, visitor).read()
}
