import type { BttDevice, DeviceStatistics } from '@bttkit/interfaces'

const FIELDS = ['reads', 'writes', 'zeroes', 'bytesRead', 'bytesWritten', 'flushes', 'lanesInUse'] as const

/** How old what the board shows may be while operations go on. */
const MAX_AGE_MS = 50

/**
 * Where the thread that serves a mount writes down what it has done, for the main thread to read at any time: the one may be blocked and cannot be asked.
 */
export class StatisticsBoard {
  readonly buffer: SharedArrayBuffer
  private readonly values: Float64Array
  private updatedMs = 0

  constructor(buffer = new SharedArrayBuffer(FIELDS.length * 8)) {
    this.buffer = buffer
    this.values = new Float64Array(buffer)
  }

  /** Writes down the statistics of a device, unless that was done a moment ago. */
  update(device: BttDevice): void {
    const nowMs = performance.now()
    if (nowMs - this.updatedMs < MAX_AGE_MS) return
    this.updatedMs = nowMs
    const statistics = device.statistics()
    for (const [index, field] of FIELDS.entries()) this.values[index] = statistics[field]
  }

  read(): DeviceStatistics {
    const [reads = 0, writes = 0, zeroes = 0, bytesRead = 0, bytesWritten = 0, flushes = 0, lanesInUse = 0] =
      this.values
    return { reads, writes, zeroes, bytesRead, bytesWritten, flushes, lanesInUse }
  }
}
