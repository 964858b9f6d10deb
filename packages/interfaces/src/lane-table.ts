import type { Sleepable } from './wait.ts'

/**
 * Exclusive use of lanes: whoever holds lane L is the only one to use free block L, flog group L and read-tracking
 * entry L of every arena.
 */
export interface LaneTable {
  /** At least 1. Lanes are numbered from 0. */
  readonly laneCount: number
  /** Whether the holder of a lane may not sleep (spinlock models). */
  readonly atomicWhileHeld: boolean

  /** A lane at once, or `undefined` when it would have to wait. Among the tasks of one thread it never overtakes a waiter. Throws `LaneMisuseError` for a hint that is no whole number from 0. */
  tryAcquire(hint: number): number | undefined

  /**
   * A lane; waits where none is to be had: among the tasks of one thread in first-in, first-out order, among threads without a promised order (each table
   * says). `hint` (a whole number from 0) is advice, such as a processor number.
   */
  acquire(hint: number): Sleepable<number>

  /** Gives a lane back. Throws `LaneMisuseError` for one that is not held; never waits. */
  release(lane: number): void

  /** How many lanes are held at this moment. A snapshot. */
  heldCount(): number
}

/** An array of locks that may be held over a wait. */
export interface LockTable {
  readonly lockCount: number
  /** Takes a lock at once; false when it is held. Throws `LaneMisuseError` for a lock that does not exist, as all of these do. */
  tryAcquire(index: number): boolean
  /** Takes a lock; waits as `LaneTable.acquire` does. */
  acquire(index: number): Sleepable<void>
  /** Gives a lock back. Throws `LaneMisuseError` for one that is not held; never waits. */
  release(index: number): void
}

/**
 * The read-tracking table of an arena: which internal block the holder of each lane is reading. A block that is in
 * it is not written.
 *
 * `enter` is a full fence: the map is loaded again after it, and that load must not be seen before the store.
 */
export interface ReadTracking {
  /** Names `block` as being read under `lane`. Only the holder of the lane calls it. */
  enter(lane: number, block: number): void
  /** The lane reads nothing any more. Only the holder of the lane calls it. */
  leave(lane: number): void
  /** Whether some lane reads `block`. */
  isRead(block: number): boolean
  /** Whether any lane reads anything. */
  anyRead(): boolean
  /**
   * Waits until no lane reads `block`. This ends: a task in the table waits for storage, or for a map lock whose holder waits for
   * storage, and for nothing else.
   */
  waitUntilUnread(block: number): Sleepable<void>
}

/** Which lane a task gets. */
export type LanePolicy =
  /** The hinted lane (`hint % laneCount`) and no other, as the Linux driver does. */
  | 'static'
  /** The hinted lane, else the first idle one after it, else the first that becomes free. Legal because any lane can serve any LBA. */
  | 'first-idle'

/** Makes the lane table of an attachment. `words` are the lanes' lock words, 0 at first; an attachment's threads share them. */
export type LaneTableFactory = (words: Int32Array, policy: LanePolicy) => LaneTable

/** Makes the map locks of an arena over its lock words. */
export type LockTableFactory = (words: Int32Array) => LockTable

/** Makes the read tracking of an arena over its words, one a lane. */
export type ReadTrackingFactory = (words: Int32Array) => ReadTracking
