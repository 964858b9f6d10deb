import type { BttDevice } from '@bttkit/interfaces'
import { windowSectors, type StressPlan } from '@bttkit/checker-lanes'

/** So many writes at once: where a flush sleeps, one after the other would take long. */
const WRITES_AT_ONCE = 16

/** The sectors that a run uses, with what was in them before. */
export class StressWindow {
  private readonly device: BttDevice
  private readonly lba: number
  private readonly count: number
  private readonly data: Uint8Array
  private readonly metadata: Uint8Array | undefined

  constructor(device: BttDevice, plan: StressPlan) {
    this.device = device
    this.lba = plan.firstLba
    this.count = windowSectors(plan)
    this.data = new Uint8Array(this.count * device.sectorSize)
    this.metadata = device.metadataSize === 0 ? undefined : new Uint8Array(this.count * device.metadataSize)
  }

  /** Takes note of what is there. Fails where a sector cannot be read. */
  async save(): Promise<void> {
    await this.device.read(this.lba, this.data, this.metadata)
  }

  /** What a run begins with. */
  async clear(): Promise<void> {
    await this.device.zero(this.lba, this.count)
  }

  /**
   * Writes back what was there.
   *
   * @param device of the same image; default: the one that it was read from
   * @throws the first error, when all writes have ended
   */
  async restore(device = this.device): Promise<void> {
    const step = Math.ceil(this.count / WRITES_AT_ONCE)
    const writes: Promise<void>[] = []
    for (let first = 0; first < this.count; first += step)
      writes.push(this.write(device, first, Math.min(this.count, first + step)))
    const failed = (await Promise.allSettled(writes)).find(({ status }) => status === 'rejected')
    if (failed?.status === 'rejected') throw failed.reason
  }

  private write(device: BttDevice, first: number, end: number): Promise<void> {
    const { sectorSize, metadataSize } = device
    return device.write(
      this.lba + first,
      this.data.subarray(first * sectorSize, end * sectorSize),
      this.metadata?.subarray(first * metadataSize, end * metadataSize),
    )
  }
}
