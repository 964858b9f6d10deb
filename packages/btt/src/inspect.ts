/**
 * Looking at a BTT as it is on the media: nothing is attached, recovered or written, and what is damaged is shown as it is.
 */
import { OutOfRangeError, type BttInfo, type PmemProvider, type Sleepable } from '@bttkit/interfaces'
import {
  FLOG_GROUP_BYTES,
  FLOG_SLOTS,
  FLOG_SLOT_BYTES,
  MAP_ENTRY_BYTES,
  countErrorEntries,
  decodeFlogEntry,
  mapBlock,
  mapState,
  newerOf,
  type FlogEntry,
  type MapState,
} from '@bttkit/btt-format'
import { describeBtt } from './describe-btt.ts'
import { findBtt, type FoundArena } from './find-btt.ts'
import { describePoolWithoutLayout } from './pool-without-layout.ts'
import { loadFlog, readFlogs, type JudgedArena } from './read-flog.ts'
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

/** So much of a map is read at once. */
const MAP_CHUNK_BYTES = 2 ** 20

function readGroup(
  view: DataView,
  group: number,
  { flog }: JudgedArena,
): Pick<FlogRecord, 'slots' | 'newer'> {
  const slotAt = (slot: number): FlogEntry =>
    decodeFlogEntry(view, group * FLOG_GROUP_BYTES + slot * FLOG_SLOT_BYTES)
  const slots = Array.from({ length: FLOG_SLOTS }, (_, slot) => slotAt(slot))
  const { first, second } = flog.slots
  const which = newerOf(slotAt(first).seq, slotAt(second).seq)
  return which === undefined ? { slots } : { slots, newer: which === 0 ? first : second }
}

/** What `inspect` found. Each method reads the media anew. */
export class Inspection {
  readonly info: BttInfo
  private readonly storage: Storage
  private readonly arenas: readonly JudgedArena[]

  constructor(storage: Storage, info: BttInfo, arenas: readonly JudgedArena[]) {
    this.storage = storage
    this.info = info
    this.arenas = arenas
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

  /** Every group of the flog, or those of one lane in all arenas, but for what the medium has lost (`info.problems` names it). */
  *readFlog(lane?: number): Sleepable<FlogRecord[]> {
    const records: FlogRecord[] = []
    for (const [index, arena] of this.arenas.entries()) {
      const { view, lost } = yield* loadFlog(this.storage, arena)
      const pendingLanes = new Set(arena.flog.pending.map((write) => write.lane))
      const end = lane === undefined ? arena.info.nfree : Math.min(lane + 1, arena.info.nfree)
      for (let group = lane ?? 0; group < end; group++) {
        if (lost.has(group)) continue
        records.push({
          arena: index,
          lane: group,
          ...readGroup(view, group, arena),
          pending: pendingLanes.has(group),
        })
      }
    }
    return records
  }

  /**
   * How many sectors the map marks as lost, over all arenas. Reads the whole map.
   *
   * @param onProgress called after each MiB of the map with the entries done and to do
   */
  *countErrorSectors(onProgress?: (doneEntries: number, totalEntries: number) => void): Sleepable<number> {
    const { sectorCount } = this.info
    const chunk = new Uint8Array(MAP_CHUNK_BYTES)
    let [errors, doneEntries] = [0, 0]
    for (const { offset, info } of this.arenas) {
      const mapBytes = info.externalNlba * MAP_ENTRY_BYTES
      for (let done = 0; done < mapBytes; done += chunk.length) {
        const length = Math.min(chunk.length, mapBytes - done)
        const wait = this.storage.read(offset + info.mapoff + done, chunk, 0, length, 'map')
        if (wait !== undefined) yield wait
        errors += countErrorEntries(chunk.subarray(0, length))
        doneEntries += length / MAP_ENTRY_BYTES
        onProgress?.(doneEntries, sectorCount)
      }
    }
    return errors
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
      'map',
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
  if (found.kind === 'unwritten pool') {
    return new Inspection(storage, describePoolWithoutLayout(storage, found), [])
  }
  const btt = yield* readFlogs(storage, found)
  return new Inspection(storage, describeBtt(storage.name, btt), btt.arenas)
}
