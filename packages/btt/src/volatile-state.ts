/**
 * What an attachment keeps in memory beside the media: lane locks, and for each arena its free list, read tracking, map locks and error
 * state. All of it lies in one SharedArrayBuffer, so that threads can share an attached device.
 *
 * Free list: lane L owns `freeBlocks[L]` and the flog slot and sequence number in `positions[L]`. Only the holder of the lane reads or
 * writes them, so they need no lock of their own.
 */

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
  private readonly laneCount: number
  private used = 0

  /** @param nfrees of the arenas, in their order: `takeArena` hands out the words of each */
  constructor(laneCount: number, nfrees: readonly number[]) {
    const words = nfrees.reduce((sum, nfree) => sum + 3 * nfree + laneCount + 1, laneCount)
    this.buffer = new SharedArrayBuffer(words * Int32Array.BYTES_PER_ELEMENT)
    this.laneCount = laneCount
    this.lanes = this.take(laneCount)
  }

  /** The words of the next arena. */
  takeArena(nfree: number): ArenaWords {
    const free = this.take(nfree)
    return {
      freeBlocks: new Uint32Array(this.buffer, free.byteOffset, nfree),
      positions: this.take(nfree),
      mapLocks: this.take(nfree),
      tracking: this.take(this.laneCount),
      errorState: this.take(1),
    }
  }

  private take(count: number): Int32Array {
    const taken = new Int32Array(this.buffer, this.used * Int32Array.BYTES_PER_ELEMENT, count)
    this.used += count
    return taken
  }
}
