/**
 * Recovery of a thread that died: what it held is put in order and given back, while all others go on.
 *
 * A thread can end between any two steps of its program. Of a store to the storage that it ended in, some first words are made: all or none of a map entry,
 * and of a flog entry's second half the sequence number last, so neither is believed before it is whole. What the thread held stays marked with its
 * number, so nobody else comes near it: the lane with its free block and flog group, and the map lock under which it published.
 *
 * Invariants:
 * - First the storage is flushed: what the dead thread stored must be durable before anything is built upon it. A flush that fails puts all arenas into the
 *   error state.
 * - A lane's state is what its flog and the map say, as at attach. An interrupted write is completed under the map lock that the dead thread holds for
 *   it; nobody else can have changed that entry. Only then does the lane's free list follow the flog, and only then is the lane given back.
 * - Map locks stay the dead thread's until all its lanes are in order, and are given back only then. So at any moment the state is one that a
 *   dead thread can leave: the recovery can end anywhere, and the next one does it again from the beginning. One that ends while its thread lives gives
 *   the claim back: who lives and does nothing more would keep all others waiting.
 * - Who recovers is inside the gate: in an operation, joining, or closing. So nobody recovers any more when the device is closed, and may have
 *   another owner.
 * - What cannot be put in order (a flog that does not add up, storage that fails) puts its arena into the error state before lanes and locks are given
 *   back: nothing is written there any more, and readers go on.
 * - It waits for storage only, and takes nothing but what the dead thread held. So whoever waits, and whatever he holds, may do it.
 *
 * Where a thread may have died, and what is done:
 * - Before its flog entry was complete: the group's older slot is half written, or not. The flog gives the lane its old free block.
 * - Flog entry complete, map not written: the entry is pending and the map lock is the dead thread's. The write is completed.
 * - Map written, perhaps not durable: the flush made it so. The free list follows the flog, also where only one of its two words was.
 * - Map lock given back, lane not: nothing is pending, and the flog says what the free list says. Others may have changed the entry since, so it is not
 *   taken for pending: without the lock it may be read torn.
 * - Whatever it died in, the cache of the map has nothing of the line that it may have been storing (map-cache.ts); of one whose store had not begun, it is dropped before the
 *   write is completed.
 * - While zeroing: each entry of the line is as it was or zero, and neither is a block that changes hands. Nothing is pending.
 * - While marking a sector as lost: its entry is as it was or an error, with the same block. Nothing is pending.
 * - While clearing its free block: the block may hold zeros, and nobody's data. That it is bad the flog says, or the storage.
 * - Between taking a lane or lock and doing anything, as a reader, or waiting: nothing is pending.
 * - While it recovered another thread: that one is still dead and is claimed again. A lane or lock that was taken over and not yet given back is the
 *   recoverer's, in order, and found with its own.
 * - After a write was abandoned and its lane quarantined: the lane is among those of the thread, and judged like the others.
 */
import { FlogError, InvariantError, type LaneTable, type LockTable, type Sleepable } from '@bttkit/interfaces'
import { FLOG_GROUP_BYTES } from '@bttkit/btt-format'
import type { ThreadRegistry } from '@bttkit/region-lanes'
import type { Arena } from './arena.ts'
import { completeWrite, findInterruptedWrite, judgeLane } from './interrupted-write.ts'
import type { OperationGate } from './operation-gate.ts'
import type { SharedGate } from './shared-gate.ts'
import { StorageCalls } from './storage-call.ts'
import type { Storage } from './storage.ts'

/** A lane table whose lanes can be taken over from the dead. */
export type RecoverableLanes = LaneTable & Required<Pick<LaneTable, 'lanesOf' | 'takeOver'>>
/** Locks that can be taken over from the dead. */
export type RecoverableLocks = LockTable & Required<Pick<LockTable, 'locksOf' | 'takeOver'>>

export interface RecoverableDevice {
  readonly storage: Storage
  readonly lanes: RecoverableLanes
  readonly arenas: readonly { readonly arena: Arena; readonly mapLocks: RecoverableLocks }[]
  /** Of the thread that recovers. */
  readonly gate: Pick<OperationGate, 'stay' | 'leave'>
  readonly sharedGate: SharedGate
  readonly registry: ThreadRegistry
  readonly readOnly: boolean
  /** Whether a map entry can be read without its lock. */
  readonly looksUpWithoutLock: boolean
}

export class DeadThreadRecovery {
  private readonly device: RecoverableDevice
  /** Of the thread that recovers. */
  private readonly number: number
  /** One task of the thread recovers at a time. */
  private isUnderWay = false

  constructor(device: RecoverableDevice, number: number) {
    this.device = device
    this.number = number
  }

  /** Recovers the threads that are dead by now, unless another task of this thread is at it. Waits for storage only. */
  *run(): Sleepable<void> {
    if (this.isUnderWay) return
    this.isUnderWay = true
    const { registry } = this.device
    try {
      for (let dead = registry.claimDead(this.number); dead !== undefined;) {
        yield* this.recoverClaimed(dead)
        dead = registry.claimDead(this.number)
      }
    } finally {
      this.isUnderWay = false
    }
  }

  /** Where this ends early the dead thread can be claimed by anybody, and a storage call that is under way is in the gate until it is over. */
  private *recoverClaimed(dead: number): Sleepable<void> {
    const { gate, registry } = this.device
    const calls = new StorageCalls(this.recover(dead))
    let isBuried = false
    try {
      yield* calls
      isBuried = true
    } finally {
      if (!isBuried) {
        registry.giveBack(dead)
        if (calls.last?.isOver() === false) {
          gate.stay()
          calls.last.whenOver(() => gate.leave())
        }
      }
    }
  }

  private *recover(dead: number): Sleepable<void> {
    const { lanes, arenas, sharedGate, registry } = this.device
    yield* this.makeDurable()
    for (const lane of lanes.lanesOf(dead)) yield* this.recoverLane(dead, lane)
    for (const { mapLocks } of arenas) {
      for (const lock of mapLocks.locksOf(dead)) if (mapLocks.takeOver(lock, dead)) mapLocks.release(lock)
    }
    sharedGate.forget(dead)
    registry.bury(dead)
  }

  private *makeDurable(): Sleepable<void> {
    const { storage, readOnly } = this.device
    if (readOnly) return
    try {
      const wait = storage.flush('flog')
      if (wait !== undefined) yield wait
    } catch (error) {
      // A flush that failed has put all arenas into the error state: lanes and locks can be given back to readers.
      if (storage.flushFailure === undefined) throw error
    }
  }

  private *recoverLane(dead: number, lane: number): Sleepable<void> {
    const { lanes, arenas, readOnly } = this.device
    for (const { arena, mapLocks } of arenas) {
      if (!readOnly && arena.takesWrites) yield* this.recoverFreeBlock(dead, lane, arena, mapLocks)
    }
    if (!lanes.takeOver(lane, dead)) return
    for (const { arena } of arenas) arena.readTracking.leave(lane)
    lanes.release(lane)
  }

  /** Completes an interrupted write of the lane in this arena, and sets its free list. What fails ends writing to the arena. */
  private *recoverFreeBlock(
    dead: number,
    lane: number,
    arena: Arena,
    mapLocks: RecoverableLocks,
  ): Sleepable<void> {
    const { storage } = this.device
    let isStoring = false
    try {
      const group = new Uint8Array(FLOG_GROUP_BYTES)
      const wait = storage.read(arena.flog.groupOffset(lane), group, 0, FLOG_GROUP_BYTES, 'flog', lane)
      if (wait !== undefined) yield wait
      const judged = judgeLane(new DataView(group.buffer), 0, arena.flog.slots, arena.info)
      const place = { image: storage.name, arena: arena.index, lane }
      if (typeof judged === 'string') throw new FlogError(place, judged)
      const isLocked = mapLocks.locksOf(dead).includes(arena.mapLockOf(judged.newer.lba))
      if (isLocked || this.device.looksUpWithoutLock) {
        const write = yield* findInterruptedWrite(storage, arena, judged)
        if (write !== undefined) {
          if (!isLocked)
            throw new InvariantError(place, 'a thread died in a publication and had no map lock for it')
          arena.mapCache?.forget(write.premap)
          isStoring = true
          yield* completeWrite(storage, arena, write)
          isStoring = false
        }
      }
      arena.flog.setLane(lane, judged.freeBlock, judged.position)
    } catch (error) {
      isStoring = false
      arena.enterErrorState(error)
    } finally {
      // Whoever recovers in its place would not know when this store arrives.
      if (isStoring) arena.enterErrorState(new InvariantError({ lane }, 'a recovery was abandoned half-way'))
    }
  }
}
