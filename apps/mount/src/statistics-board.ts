import type { BttDevice, DeviceCounters } from '@bttkit/interfaces'

const FIELDS = ['reads', 'writes', 'zeroes', 'bytesRead', 'bytesWritten', 'flushes', 'lanesInUse'] as const

/**
 * Where the thread that serves a mount writes down what it has done, for the main thread to read at any time: the one may be blocked and cannot be asked.
 */
export class StatisticsBoard {
  readonly buffer: SharedArrayBuffer
  private readonly values: Float64Array

  constructor(buffer = new SharedArrayBuffer(FIELDS.length * 8)) {
    this.buffer = buffer
    this.values = new Float64Array(buffer)
  }

  /** Writes down the statistics of a device. */
  update(device: BttDevice): void {
    const statistics = device.statistics()
    let index = 0
    for (const field of FIELDS) this.values[index++] = statistics[field]
  }

  read(): DeviceCounters {
    const [reads = 0, writes = 0, zeroes = 0, bytesRead = 0, bytesWritten = 0, flushes = 0, lanesInUse = 0] =
      this.values
    return { reads, writes, zeroes, bytesRead, bytesWritten, flushes, lanesInUse }
  }
}
