import type { BttDevice } from '@bttkit/interfaces'
import { windowSectors, type StressPlan } from '@bttkit/checker-lanes'

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

  async restore(): Promise<void> {
    await this.device.write(this.lba, this.data, this.metadata)
  }
}
