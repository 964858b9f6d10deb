import type { BttDevice, DeviceCounters } from '@bttkit/interfaces'

const FIELDS = ['reads', 'writes', 'zeroes', 'bytesRead', 'bytesWritten', 'flushes', 'lanesInUse'] as const

/**
 * Where the threads that serve a mount write down what they have done, a row each, for the main thread to read at any time: they may be blocked and cannot be asked.
 */
export class StatisticsBoard {
  readonly buffer: SharedArrayBuffer
  private readonly values: Float64Array

  /** @param buffer of a board that was made by `forThreads` */
  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer
    this.values = new Float64Array(buffer)
  }

  static forThreads(count: number): StatisticsBoard {
    return new StatisticsBoard(new SharedArrayBuffer(count * FIELDS.length * Float64Array.BYTES_PER_ELEMENT))
  }

  /**
   * Writes down what a thread has done with its device.
   *
   * @param isIdle whether the thread is in the middle of nothing. Then it holds no lane, and they are not counted: where threads share them, that can take longer than a request
   */
  update(device: BttDevice, thread: number, isIdle: boolean): void {
    const statistics = device.statistics(!isIdle)
    let index = thread * FIELDS.length
    for (const field of FIELDS) this.values[index++] = statistics[field]
  }

  read(): DeviceCounters {
    const sum = (field: (typeof FIELDS)[number]): number => {
      let total = 0
      for (let at = FIELDS.indexOf(field); at < this.values.length; at += FIELDS.length)
        total += this.values[at] ?? 0
      return total
    }
    return {
      reads: sum('reads'),
      writes: sum('writes'),
      zeroes: sum('zeroes'),
      bytesRead: sum('bytesRead'),
      bytesWritten: sum('bytesWritten'),
      flushes: sum('flushes'),
      lanesInUse: sum('lanesInUse'),
    }
  }
}
