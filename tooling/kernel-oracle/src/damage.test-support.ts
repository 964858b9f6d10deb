/** Damages images that we wrote: info blocks, flog and map of the only arena. */
import { readFileSync, writeFileSync } from 'node:fs'
import {
  FLOG_GROUP_BYTES,
  FLOG_SLOT_BYTES,
  INFO_BLOCK_BYTES,
  MAP_ENTRY_BYTES,
  decodeFlogEntry,
  decodeInfoBlock,
  encodeFlogEntry,
  mapBlock,
  mapState,
  newerOf,
  normalEntry,
  stripFlags,
  type FlogEntry,
} from '@bttkit/btt-format'

/** Where the arena of a BTT 1.1 begins. */
const ARENA_OFFSET = 4096

export class Damage {
  private readonly path: string
  private readonly bytes: Buffer
  private readonly view: DataView
  private readonly info

  constructor(path: string) {
    this.path = path
    this.bytes = readFileSync(path)
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset + ARENA_OFFSET)
    this.info = decodeInfoBlock(this.bytes.subarray(ARENA_OFFSET, ARENA_OFFSET + INFO_BLOCK_BYTES))
  }

  store(): void {
    writeFileSync(this.path, this.bytes)
  }

  zeroPrimary(): void {
    this.fill(0, INFO_BLOCK_BYTES, 0)
  }

  zeroBackup(): void {
    this.fill(this.info.info2off, INFO_BLOCK_BYTES, 0)
  }

  /** Garbage in a page of the map, from its first entry on: so many sectors have an entry that names no block. */
  breakMapPage(): number {
    const bytes = 4096
    this.fill(this.info.mapoff, bytes, 0xff)
    return bytes / MAP_ENTRY_BYTES
  }

  /** Gives both entries of a lane one sequence number. */
  equateSequence(lane: number): void {
    const at = this.groupAt(lane)
    encodeFlogEntry(this.view, at + FLOG_SLOT_BYTES, { ...decodeFlogEntry(this.view, at), seq: 1 })
    this.view.setUint32(at + 12, 1, true)
  }

  zeroLane(lane: number): void {
    this.fill(this.groupAt(lane), FLOG_GROUP_BYTES, 0)
  }

  /** Gives one sector the block of another. */
  share(lba: number, of: number): void {
    this.setEntry(lba, normalEntry(this.blockOf(of)))
  }

  /** Gives a sector the block that is a lane's free one. */
  takeFree(lba: number, lane: number): void {
    this.setEntry(lba, normalEntry(stripFlags(this.newer(lane).oldMap)))
  }

  /** The first sectors that were written, and of which the flog does not tell where. */
  withoutWitness(count: number): number[] {
    const witnessed = new Set(Array.from({ length: this.info.nfree }, (_, lane) => this.newer(lane).newMap))
    const found: number[] = []
    for (let lba = 0; found.length < count; lba++) {
      const isWritten = mapState(this.entryOf(lba)) === 'normal'
      if (isWritten && !witnessed.has(this.blockOf(lba))) found.push(lba)
    }
    return found
  }

  private newer(lane: number): FlogEntry {
    const at = this.groupAt(lane)
    const [first, second] = [decodeFlogEntry(this.view, at), decodeFlogEntry(this.view, at + FLOG_SLOT_BYTES)]
    return newerOf(first.seq, second.seq) === 0 ? first : second
  }

  private groupAt(lane: number): number {
    return this.info.logoff + lane * FLOG_GROUP_BYTES
  }

  private entryOf(lba: number): number {
    return this.view.getUint32(this.info.mapoff + lba * MAP_ENTRY_BYTES, true)
  }

  private blockOf(lba: number): number {
    return mapBlock(this.entryOf(lba), lba)
  }

  private setEntry(lba: number, entry: number): void {
    this.view.setUint32(this.info.mapoff + lba * MAP_ENTRY_BYTES, entry, true)
  }

  private fill(at: number, length: number, byte: number): void {
    this.bytes.fill(byte, ARENA_OFFSET + at, ARENA_OFFSET + at + length)
  }
}
