/**
 * What an attachment keeps in memory beside the media: lane locks, and for each arena its free list, read tracking, map locks and error
 * state. All of it lies in one SharedArrayBuffer, so that threads can share an attached device.
 *
 * Free list: lane L owns `freeBlocks[L]` and the flog slot and sequence number in `positions[L]`. Only the holder of the lane reads or
 * writes them, so they need no lock of their own.
 */

export interface ArenaShape {
  readonly nfree: number
}

/** The words of one arena. */
export interface ArenaWords {
  /** The free block of each flog group. */
  readonly freeBlocks: Uint32Array
  /** Where each group's next entry goes: bit 2 says the second slot, bits 0 and 1 are its sequence number. */
  readonly positions: Int32Array
  /** The read tracking, a word a lane. */
  readonly tracking: Int32Array
  /** The map locks. */
  readonly mapLocks: Int32Array
  /** One word: 0, or 1 when the arena takes no more writes. */
  readonly errorState: Int32Array
}

export class VolatileState {
  readonly buffer: SharedArrayBuffer
  /** The lane locks. */
  readonly lanes: Int32Array
  readonly arenas: readonly ArenaWords[]

  constructor(laneCount: number, shapes: readonly ArenaShape[]) {
    let words = laneCount
    for (const { nfree } of shapes) words += 3 * nfree + laneCount + 1
    this.buffer = new SharedArrayBuffer(words * 4)
    let used = 0
    const take = (count: number): Int32Array => {
      const taken = new Int32Array(this.buffer, used * 4, count)
      used += count
      return taken
    }
    this.lanes = take(laneCount)
    this.arenas = shapes.map(({ nfree }) => {
      const free = take(nfree)
      return {
        freeBlocks: new Uint32Array(this.buffer, free.byteOffset, nfree),
        positions: take(nfree),
        mapLocks: take(nfree),
        tracking: take(laneCount),
        errorState: take(1),
      }
    })
  }
}
