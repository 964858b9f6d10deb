/**
 * Bytes that belong to the holder of a lane: a line of the map, a flog entry, and a sector with its metadata. Nobody else touches them, so an
 * operation may be preempted at any wait and find them as it left them, and no operation allocates.
 */

/** A map lock covers the entries of one such line. */
export const MAP_LINE_BYTES = 64

const FLOG_ENTRY_AT = 64
const STRIDE = 128

export class LaneBuffers {
  readonly bytes: Uint8Array
  readonly view: DataView
  private readonly sectors: (Uint8Array | undefined)[]
  private readonly sectorBytes: number

  constructor(laneCount: number, sectorBytes: number) {
    this.bytes = new Uint8Array(laneCount * STRIDE)
    this.view = new DataView(this.bytes.buffer)
    this.sectors = Array.from({ length: laneCount }, () => undefined)
    this.sectorBytes = sectorBytes
  }

  /** Where the lane's map line is in `bytes`. */
  mapLineAt(lane: number): number {
    return lane * STRIDE
  }

  /** Where the lane's flog entry is in `bytes`. */
  flogEntryAt(lane: number): number {
    return lane * STRIDE + FLOG_ENTRY_AT
  }

  /** The lane's sector, metadata behind it. */
  sector(lane: number): Uint8Array {
    return (this.sectors[lane] ??= new Uint8Array(this.sectorBytes))
  }
}
