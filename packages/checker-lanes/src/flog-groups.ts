/** The groups of a flog as bytes, judged without the engine: its own reading of them is among what is checked. */
import type { ArenaInfo, PmemProvider, Sleepable } from '@bttkit/interfaces'
import {
  FLOG_GROUP_BYTES,
  FLOG_SLOT_BYTES,
  FlogSlotDetector,
  decodeFlogEntry,
  newerOf,
  type FlogEntry,
} from '@bttkit/btt-format'

export interface FlogGroup {
  readonly lane: number
  readonly sequences: readonly [number, number]
  /** Absent where the sequence numbers do not tell. */
  readonly newer: FlogEntry | undefined
  readonly both: readonly [FlogEntry, FlogEntry]
}

/** Two sequence numbers in one group, of which no writer can have left both. */
export interface SequenceFault {
  readonly arena: number
  readonly lane: number
  readonly sequences: readonly [number, number]
}

/** Reads the first `count` groups of an arena's flog. */
export function* readFlogGroups(
  provider: PmemProvider,
  arena: ArenaInfo,
  count: number,
): Sleepable<FlogGroup[]> {
  const bytes = new Uint8Array(count * FLOG_GROUP_BYTES)
  const wait = provider.read(arena.offset + arena.logoff, bytes)
  if (wait !== undefined) yield wait
  const view = new DataView(bytes.buffer)
  const detector = new FlogSlotDetector()
  detector.examine(view)
  const { second } = detector.slots
  return Array.from({ length: count }, (_, lane) => groupAt(view, lane, second))
}

function groupAt(view: DataView, lane: number, secondSlot: number): FlogGroup {
  const at = lane * FLOG_GROUP_BYTES
  const first = decodeFlogEntry(view, at)
  const second = decodeFlogEntry(view, at + secondSlot * FLOG_SLOT_BYTES)
  const newer = newerOf(first.seq, second.seq)
  return {
    lane,
    sequences: [first.seq, second.seq],
    newer: newer === undefined ? undefined : newer === 0 ? first : second,
    both: [first, second],
  }
}
