import type { DeviceStatistics, LaneStatistics } from '@bttkit/interfaces'

/** What an attachment has done so far. Plain fields of one thread. */
export class Counters {
  private reads = 0
  private writes = 0
  private zeroes = 0
  private bytesRead = 0
  private bytesWritten = 0

  countRead(bytes: number): void {
    this.reads++
    this.bytesRead += bytes
  }

  countWrite(bytes: number): void {
    this.writes++
    this.bytesWritten += bytes
  }

  countZero(): void {
    this.zeroes++
  }

  snapshot(flushes: number, lanesInUse: number, lanes: readonly LaneStatistics[]): DeviceStatistics {
    const { reads, writes, zeroes, bytesRead, bytesWritten } = this
    return { reads, writes, zeroes, bytesRead, bytesWritten, flushes, lanesInUse, lanes }
  }
}
