import type { BlockDevice } from '@bttkit/interfaces'
import { DrivenOperations, DriverChoice } from '@bttkit/btt'
import { WriteBackOperations, type WriteBackTarget } from './write-back-operations.ts'

export interface WriteBackOptions {
  /** Bytes of memory for sectors, 128 for each besides its content. Who writes beyond waits for a commit. Default 32 MiB. */
  readonly limitBytes?: number | undefined
  /** Milliseconds that a sector stays in memory before it is committed. Default 5000. */
  readonly limitMs?: number | undefined
  /**
   * Whether `sleepable` is driven by blocking the thread. Then there is no timer: the next operation that finds the time over commits first. Default false: the event loop turns, and a
   * timer commits.
   */
  readonly blocking?: boolean | undefined
}

const DEFAULT_LIMIT_BYTES = 32 * 2 ** 20
const DEFAULT_LIMIT_MS = 5000
/** What a timer can wait. */
const MOST_MS = 2 ** 31 - 1

function checkLimit(name: string, limit: number, most: number): number {
  if (Number.isSafeInteger(limit) && limit >= 1 && limit <= most) return limit
  throw new TypeError(`${name} is a whole number from 1 to ${most}, not ${limit}`)
}

/**
 * A device with a volatile cache of writes before it, as disks have one: the durability mode `flush`.
 *
 * A change is in memory when its operation is over, and durable when a flush is over that began after it. Reads see it at once. What is gathered is committed together: by a
 * flush, when the memory is taken, or after a time. Each sector stays atomic: after a crash it is what it was at the last flush, or any of what was written to it since.
 *
 * A commit that fails loses nothing: its sectors stay in memory, reads see them, and writes fail with `CommitFailedError` until a flush, which tries again, has succeeded. `close` commits, too; where
 * that fails it says so, and what could not be committed is lost with the device.
 *
 * The device belongs to it, and `close` closes it. It is for the tasks of one thread.
 */
export class WriteBackDevice extends DrivenOperations implements BlockDevice {
  readonly sectorSize: number
  readonly sectorCount: number
  readonly metadataSize: number
  readonly readOnly: boolean

  /** @throws {TypeError} for limits that are none */
  constructor(target: WriteBackTarget, options: WriteBackOptions = {}) {
    const { limitBytes = DEFAULT_LIMIT_BYTES, limitMs = DEFAULT_LIMIT_MS, blocking = false } = options
    const limits = {
      limitBytes: checkLimit('limitBytes', limitBytes, Number.MAX_SAFE_INTEGER),
      limitMs: checkLimit('limitMs', limitMs, MOST_MS),
      blocking,
    }
    const driver = new DriverChoice(target.info.image)
    super(new WriteBackOperations(target, limits, driver), driver)
    this.sectorSize = target.sectorSize
    this.sectorCount = target.sectorCount
    this.metadataSize = target.metadataSize
    this.readOnly = target.readOnly
  }
}
