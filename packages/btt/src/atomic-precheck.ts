import { WouldSleepError } from '@bttkit/interfaces'
import { inAtomicContext } from '@bttkit/sleepable'
import { arenaOf, type Attachment } from './attachment.ts'

const advice = 'use the asynchronous or the blocking form'

/**
 * In a context that must not sleep, refuses a change to a range of bytes that could meet a lock or a reader in its middle, before its first store:
 * a part of it would be stored by then. Nothing moves while such an operation runs, so what is free now stays free. This is so on a device of one thread
 * only; where other threads may take part, the gate refuses every operation that must not sleep.
 *
 * @throws {WouldSleepError} nothing was stored.
 */
export function refuseIfItCouldWait(attachment: Attachment, offset: number, length: number): void {
  if (!attachment.gate.isShared || !inAtomicContext()) return
  const { sectorSize } = attachment
  const firstLba = Math.floor(offset / sectorSize)
  const count = Math.ceil((offset + length) / sectorSize) - firstLba
  const image = attachment.storage.name
  for (let lba = firstLba; lba < firstLba + count; lba++) {
    const arena = arenaOf(attachment, lba)
    const lock = arena.mapLockOf(lba - arena.firstLba)
    if (!arena.mapLocks.tryAcquire(lock))
      throw new WouldSleepError({ image, lba }, `map lock ${lock} is in use; ${advice}`)
    arena.mapLocks.release(lock)
    // The block that one sector gives up is written by the next, and may be under a reader's eyes.
    if (count > 1 && arena.readTracking.anyRead())
      throw new WouldSleepError({ image, lba }, `a reader is at work; ${advice}`)
  }
}
