/**
 * What an attachment keeps in memory beside the media: lane locks, and for each arena its free list, read tracking, map locks and error
 * state; where threads share it, also which threads there are and whether the device is closed. All of it lies in one SharedArrayBuffer, laid out
 * from the shape alone, so that every thread finds the same words.
 *
 * Free list: lane L owns `freeBlocks[L]` and the flog slot and sequence number in `positions[L]`. Only the holder of the lane reads or
 * writes them, so they need no lock of their own.
 */
import { MeasuredLaneTable, ThreadRegistry } from '@bttkit/region-lanes'
import { NO_MAP_CACHE, mapCacheWords, type MapCacheShape } from './map-cache.ts'
import { SharedGate } from './shared-gate.ts'

/** The words of one arena. */
export interface ArenaWords {
  /** The free block of each flog group. */
  readonly freeBlocks: Uint32Array
  /**
   * Where each group's next entry goes: bit 2 says the second slot, bits 0 and 1 are its sequence number. Bit 3 says that the medium of the group's free
   * block is known to be bad; the block is cleared before it is written.
   */
  readonly positions: Int32Array
  /** The read tracking, a word a lane. */
  readonly tracking: Int32Array
  /** The map locks. */
  readonly mapLocks: Int32Array
  /** One word: 0, or 1 when the arena takes no more writes. */
  readonly errorState: Int32Array
  /** The cache of the map; empty where there is none. */
  readonly mapCache: Int32Array
}

/** What the layout follows from. */
export interface StateShape {
  readonly laneCount: number
  /** Of the arenas, in their order. */
  readonly nfrees: readonly number[]
  /** Of the arenas, in their order. */
  readonly mapCaches: readonly MapCacheShape[]
  readonly isShared: boolean
  readonly measuresLanes: boolean
}

const WORD_BYTES = Int32Array.BYTES_PER_ELEMENT
/** The first word of a state; another layout gets another one. */
const MARK = 0x4254_5403
/** The mark, and a word that keeps the lane statistics on their boundary. */
const HEAD_BYTES = 2 * WORD_BYTES

function statisticsBytes({ laneCount, measuresLanes }: StateShape): number {
  return measuresLanes ? MeasuredLaneTable.numbersFor(laneCount) * Float64Array.BYTES_PER_ELEMENT : 0
}

function bytesFor(shape: StateShape): number {
  const { laneCount, nfrees, mapCaches, isShared } = shape
  const threadWords = isShared ? ThreadRegistry.WORDS + SharedGate.WORDS : 0
  const arenaWords = nfrees.reduce((sum, nfree) => sum + 3 * nfree + laneCount + 1, 0)
  const cacheWords = mapCaches.reduce((sum, cache) => sum + mapCacheWords(cache), 0)
  return (
    HEAD_BYTES + statisticsBytes(shape) + (laneCount + 1 + threadWords + arenaWords + cacheWords) * WORD_BYTES
  )
}

export class VolatileState {
  readonly buffer: SharedArrayBuffer
  /** The lane locks, and one word more for the lane table. */
  readonly lanes: Int32Array
  /** The numbers of the lane statistics; none where nothing is measured. */
  readonly laneStatistics: Float64Array
  /** The words of the thread registry; empty where one thread is alone. */
  readonly threads: Int32Array
  /** The words of the gate that the threads share; empty where one thread is alone. */
  readonly gate: Int32Array
  readonly arenas: readonly ArenaWords[]
  private used: number

  /** A new one, of zeros. */
  static create(shape: StateShape): VolatileState {
    const state = new VolatileState(shape, new SharedArrayBuffer(bytesFor(shape)))
    new Int32Array(state.buffer)[0] = MARK
    return state
  }

  /**
   * One that another thread made.
   *
   * @throws {TypeError} for a buffer that is no state of this shape.
   */
  static over(shape: StateShape, buffer: SharedArrayBuffer): VolatileState {
    if (buffer.byteLength !== bytesFor(shape) || new Int32Array(buffer, 0, 1)[0] !== MARK)
      throw new TypeError('what was shared is not the state of the device that it describes')
    return new VolatileState(shape, buffer)
  }

  private constructor(shape: StateShape, buffer: SharedArrayBuffer) {
    const { laneCount, nfrees, mapCaches, isShared } = shape
    this.buffer = buffer
    this.used = HEAD_BYTES + statisticsBytes(shape)
    this.laneStatistics = new Float64Array(
      buffer,
      HEAD_BYTES,
      statisticsBytes(shape) / Float64Array.BYTES_PER_ELEMENT,
    )
    this.lanes = this.take(laneCount + 1)
    this.threads = this.take(isShared ? ThreadRegistry.WORDS : 0)
    this.gate = this.take(isShared ? SharedGate.WORDS : 0)
    this.arenas = nfrees.map((nfree, index) =>
      this.takeArena(nfree, laneCount, mapCaches[index] ?? NO_MAP_CACHE),
    )
  }

  private takeArena(nfree: number, laneCount: number, cache: MapCacheShape): ArenaWords {
    const free = this.take(nfree)
    return {
      freeBlocks: new Uint32Array(this.buffer, free.byteOffset, nfree),
      positions: this.take(nfree),
      mapLocks: this.take(nfree),
      tracking: this.take(laneCount),
      errorState: this.take(1),
      mapCache: this.take(mapCacheWords(cache)),
    }
  }

  private take(count: number): Int32Array {
    const taken = new Int32Array(this.buffer, this.used, count)
    this.used += count * WORD_BYTES
    return taken
  }
}
