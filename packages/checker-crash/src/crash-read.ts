/** Reads of tasks that overlap with writers, and what they have seen. Where one operation comes after another, nothing that is left shows them. */
import type { BlockGeometry, BlockOperations, Sleepable } from '@bttkit/interfaces'
import { partOf } from './crash-operation.ts'

/** Plain JSON; LBAs and counts are sectors, offsets and lengths bytes of the device. */
export type CrashRead =
  /** Whole sectors, with metadata where the device has them. */
  | { readonly kind: 'read'; readonly lba: number; readonly count: number }
  | { readonly kind: 'read-bytes'; readonly offset: number; readonly length: number }

type Geometry = Pick<BlockGeometry, 'sectorSize' | 'metadataSize'>

/** One read in a run, and what it returns. */
export class SeeingRead {
  private readonly read: CrashRead
  private readonly geometry: Geometry
  private readonly bytes: Uint8Array
  /** Of whole sectors. */
  private readonly metadata: Uint8Array | undefined

  constructor(read: CrashRead, geometry: Geometry) {
    const { sectorSize, metadataSize } = geometry
    this.read = read
    this.geometry = geometry
    this.bytes = new Uint8Array(read.kind === 'read' ? read.count * sectorSize : read.length)
    if (read.kind === 'read' && metadataSize > 0) this.metadata = new Uint8Array(read.count * metadataSize)
  }

  perform(operations: BlockOperations<Sleepable<void>>): Sleepable<void> {
    const { read, bytes, metadata } = this
    if (read.kind === 'read') return operations.read(read.lba, bytes, metadata)
    return operations.readBytes(read.offset, bytes)
  }

  /** Whether it may have found this content (its metadata behind it) in a sector that it has read. */
  hasSeen(lba: number, content: Uint8Array): boolean {
    const { sectorSize, metadataSize } = this.geometry
    const { from, to, at } = partOf(this.read, lba, sectorSize)
    if (Buffer.compare(this.bytes.subarray(at, at + to - from), content.subarray(from, to)) !== 0)
      return false
    if (this.metadata === undefined) return true
    const metadata = this.metadata.subarray((at / sectorSize) * metadataSize).subarray(0, metadataSize)
    return Buffer.compare(metadata, content.subarray(sectorSize)) === 0
  }

  /** The same for reads of the same range that have seen the same. */
  toString(): string {
    return Buffer.concat([this.bytes, this.metadata ?? new Uint8Array()]).toString('latin1')
  }
}
