/**
 * Looking at a BTT as it is on the media: nothing is attached, recovered or written, and what is damaged is shown as it is.
 */
import { OutOfRangeError, type BttInfo, type PmemProvider, type Sleepable } from '@bttkit/interfaces'
import {
  FLOG_GROUP_BYTES,
  FLOG_SLOTS,
  FLOG_SLOT_BYTES,
  MAP_ENTRY_BYTES,
  decodeFlogEntry,
  mapBlock,
  mapState,
  newerOf,
  type FlogEntry,
  type MapState,
} from '@bttkit/btt-format'
import { describeBtt } from './describe-btt.ts'
import { findBtt, type FoundArena, type FoundBtt } from './find-btt.ts'
import { describePoolWithoutLayout } from './pool-without-layout.ts'
import { loadFlog, readFlog, type FlogFindings } from './read-flog.ts'
import { Storage } from './storage.ts'

/** One map entry. */
export interface MapRecord {
  readonly lba: number
  readonly arena: number
  /** As stored. */
  readonly raw: number
  readonly state: MapState
  /** The internal block that it stands for; may be out of range on a damaged image. */
  readonly block: number
}

/** One group of the flog. */
export interface FlogRecord {
  readonly arena: number
  readonly lane: number
  /** All four slots, as stored. */
  readonly slots: readonly FlogEntry[]
  /** The slot whose entry counts; absent where the sequence numbers do not tell. */
  readonly newer?: number
  /** Whether the newer entry still has to be entered in the map. */
  readonly pending: boolean
}

/** What `inspect` found. Each method reads the media anew. */
export class Inspection {
  readonly info: BttInfo
  private readonly storage: Storage
  private readonly arenas: readonly FoundArena[]
  private readonly flogs: readonly FlogFindings[]

  constructor(storage: Storage, info: BttInfo, found: FoundBtt, flogs: readonly FlogFindings[]) {
    this.storage = storage
    this.info = info
    this.arenas = found.arenas
    this.flogs = flogs
  }

  /** The entries of `count` sectors from `lba` on. @throws {OutOfRangeError} */
  *readMap(lba: number, count: number): Sleepable<MapRecord[]> {
    const records: MapRecord[] = []
    const end = lba + count
    if (!(lba >= 0 && count >= 0 && end <= this.info.sectorCount)) {
      throw new OutOfRangeError(
        { image: this.storage.name },
        `${count} sectors from LBA ${lba} on are not all on the device, which has ${this.info.sectorCount} sectors`,
      )
    }
    let firstLba = 0
    for (const [index, arena] of this.arenas.entries()) {
      const from = Math.max(lba, firstLba)
      const to = Math.min(end, firstLba + arena.info.externalNlba)
      if (from < to) yield* this.readArenaMap(index, arena, from - firstLba, to - from, firstLba, records)
      firstLba += arena.info.externalNlba
    }
    return records
  }

  /** Every group of the flog, or those of one lane in all arenas. */
  *readFlog(lane?: number): Sleepable<FlogRecord[]> {
    const records: FlogRecord[] = []
    for (const [arena, found] of this.arenas.entries()) {
      const { slots, pending } = this.flogs[arena] as FlogFindings
      const pendingLanes = new Set(pending.map((write) => write.lane))
      const view = yield* loadFlog(this.storage, found)
      for (
        let group = lane ?? 0;
        group < (lane === undefined ? found.info.nfree : Math.min(lane + 1, found.info.nfree));
        group++
      ) {
        const entries: FlogEntry[] = []
        for (let slot = 0; slot < FLOG_SLOTS; slot++)
          entries.push(decodeFlogEntry(view, group * FLOG_GROUP_BYTES + slot * FLOG_SLOT_BYTES))
        const which = newerOf(
          (entries[slots.first] as FlogEntry).seq,
          (entries[slots.second] as FlogEntry).seq,
        )
        const newer = which === undefined ? {} : { newer: which === 0 ? slots.first : slots.second }
        records.push({
          arena,
          lane: group,
          slots: entries,
          ...newer,
          pending: pendingLanes.has(group),
        })
      }
    }
    return records
  }

  private *readArenaMap(
    index: number,
    arena: FoundArena,
    premap: number,
    count: number,
    firstLba: number,
    into: MapRecord[],
  ): Sleepable<void> {
    const bytes = new Uint8Array(count * MAP_ENTRY_BYTES)
    const wait = this.storage.read(
      arena.offset + arena.info.mapoff + premap * MAP_ENTRY_BYTES,
      bytes,
      0,
      bytes.length,
    )
    if (wait !== undefined) yield wait
    const view = new DataView(bytes.buffer)
    for (let i = 0; i < count; i++) {
      const raw = view.getUint32(i * MAP_ENTRY_BYTES, true)
      into.push({
        lba: firstLba + premap + i,
        arena: index,
        raw,
        state: mapState(raw),
        block: mapBlock(raw, premap + i),
      })
    }
  }
}

/**
 * Finds a BTT and describes it. Reads only.
 *
 * @throws {NotABttError} {AmbiguousBttError} {InfoBlockError}
 */
export function* inspect(provider: PmemProvider, namespaceOffset?: number): Sleepable<Inspection> {
  const storage = new Storage(provider)
  const found = yield* findBtt(storage, namespaceOffset)
  if (found.arenas.length === 0) {
    return new Inspection(storage, describePoolWithoutLayout(storage, found), found, [])
  }
  const flogs: FlogFindings[] = []
  for (const arena of found.arenas) flogs.push(yield* readFlog(storage, arena))
  return new Inspection(storage, describeBtt(storage.name, found, flogs), found, flogs)
}
