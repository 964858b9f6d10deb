import type { MaybeSleep, Sleepable } from './wait.ts'

/** How long to wait for a lane. */
export interface LaneWaitOptions {
  /** Ends the wait with `WaitCancelledError`, whose cause is the signal's reason. A thread that blocks hears it before it blocks only. */
  readonly signal?: AbortSignal | undefined
  /** Milliseconds, from 0, after which the wait ends with `WaitTimedOutError`. Default: no limit. */
  readonly limitMs?: number | undefined
}

/** What became of a lane since the table was made. Times are milliseconds. */
export interface LaneStatistics {
  readonly acquisitions: number
  /** How many of them had to wait. */
  readonly waits: number
  readonly waitMs: number
  readonly holdMs: number
}

/**
 * Exclusive use of lanes: whoever holds lane L is the only one to use free block L, flog group L and read-tracking
 * entry L of every arena.
 */
export interface LaneTable {
  /** At least 1. Lanes are numbered from 0. */
  readonly laneCount: number
  /** Whether the holder of a lane may not sleep (spinlock models). It may be preempted. */
  readonly atomicWhileHeld: boolean
  /** Whether two tasks are never inside one lane, wherever they are preempted. Historical tables are not all so. */
  readonly isExclusive: boolean

  /** A lane at once, or `undefined` when it would have to wait. Among the tasks of one thread it never overtakes a waiter. Throws `LaneMisuseError` for a hint that is no whole number from 0. */
  tryAcquire(hint: number): number | undefined

  /**
   * A lane; waits where none is to be had: among the tasks of one thread in first-in, first-out order, among threads without a promised order (each table
   * says). `hint` (a whole number from 0) is advice, such as a processor number.
   *
   * @throws {WaitCancelledError} {WaitTimedOutError} as the options say; the lane that was nearly had goes to somebody else.
   */
  acquire(hint: number, options?: LaneWaitOptions): Sleepable<number>

  /** Numbers the holds of a lane on this thread: who holds it asks for the number of its hold, and gives it back with the lane. */
  turnOf(lane: number): number

  /**
   * Gives a lane back; never waits. Throws `LaneMisuseError`, and changes nothing, for a lane that is not held, that another thread holds,
   * or whose hold is not `turn` any more: then a second release is an error even when somebody else has the lane by now.
   */
  release(lane: number, turn?: number): void

  /**
   * The holder goes and leaves the lane behind in a state that is not known yet. Nobody gets it until `restore`. Throws as `release`.
   */
  quarantine(lane: number, turn?: number): void

  /** Gives a quarantined lane back, from any thread. Throws `LaneMisuseError` for one that is not quarantined. */
  restore(lane: number): void

  /**
   * Whether somebody may wait for any lane: then who has a lane takes no other beside it. Absent where `tryAcquire` cannot overtake whoever waits, on whatever
   * thread.
   */
  isWaitedFor?(): boolean

  /** The lanes that a thread holds or has quarantined: see `ThreadPlace`. For tables of several threads. */
  lanesOf?(thread: number): number[]

  /** Makes a lane of a thread that is dead the caller's own, quarantined or not; false when it is not that thread's. For tables of several threads. */
  takeOver?(lane: number, thread: number): boolean

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
  /** Gives a lock back. Throws `LaneMisuseError` for one that is not held, or that another thread holds; never waits. */
  release(index: number): void
  /** The locks that a thread holds. For tables of several threads. */
  locksOf?(thread: number): number[]
  /** Makes a lock of a thread that is dead the caller's own; false when it is not that thread's. For tables of several threads. */
  takeOver?(index: number, thread: number): boolean
}

/**
 * The read-tracking table of an arena: which internal block the holder of each lane is reading. A block that is in
 * it is not written.
 *
 * `enter` is a full fence: the map is loaded again after it, and that load must not be seen before the store.
 */
export interface ReadTracking {
  /** Names `block` as being read under `lane`. Only the holder of the lane calls it. Waits for nothing, but a checker may put a scheduling point here. */
  enter(lane: number, block: number): MaybeSleep
  /** The lane reads nothing any more. Only the holder of the lane calls it. */
  leave(lane: number): void
  /** Whether some lane reads `block`. */
  isRead(block: number): boolean
  /** Whether any lane reads anything. */
  anyRead(): boolean
  /**
   * Waits until no lane reads `block`. This ends: a task in the table waits for storage, or for a map lock whose holder waits for
   * higher ones or for storage, and for nothing else.
   */
  waitUntilUnread(block: number): Sleepable<void>
}

/** Which lane a task gets. */
export type LanePolicy =
  /** The hinted lane (`hint % laneCount`) and no other, as the Linux driver does. */
  | 'static'
  /** The hinted lane, else the first idle one after it, else the first that becomes free. Legal because any lane can serve any LBA. */
  | 'first-idle'

/**
 * The place of a thread among those that share an attachment.
 *
 * A thread can die at any moment, and what it held stays marked with its number. Whoever has waited long calls `recoverDead`.
 */
export interface ThreadPlace {
  /** From 1 to 127; marks what the thread holds. */
  readonly number: number
  /**
   * Looks for threads that died, and gives back what they held when it is in order. Waits for storage and for nothing else, so it may be called
   * by one who holds a lane or a map lock.
   */
  recoverDead(): Sleepable<void>
}

export interface LaneTableOptions {
  readonly policy: LanePolicy
  /** Present when several threads use the words. */
  readonly thread?: ThreadPlace | undefined
}

/** Makes the lane table of an attachment over its words, 0 at first: one a lane, and one more for the table's own use. */
export type LaneTableFactory = (words: Int32Array, options: LaneTableOptions) => LaneTable

/** Makes the map locks of an arena over its lock words, 0 at first. `thread` is present when several threads use them. */
export type LockTableFactory = (words: Int32Array, thread?: ThreadPlace) => LockTable

/** Makes the read tracking of an arena over its words, one a lane, 0 at first. `thread` is present when several threads use them. */
export type ReadTrackingFactory = (words: Int32Array, thread?: ThreadPlace) => ReadTracking
