/**
 * What a measuring thread does to a device: reads and writes of one sector at random LBAs, by blocking calls.
 *
 * Every sector carries its own LBA in its first word. A read looks at it, so it is known that sectors came, and the right ones.
 */
import type { BttDevice } from '@bttkit/interfaces'

export const SECTOR_BYTES = 4096

export type SectorOperation = 'write' | 'read'

/** Between two looks at the clock, which cost a fraction of an operation each. */
const OPERATIONS_PER_LOOK = 32

export class SectorWork {
  private readonly device: BttDevice
  private readonly sectors: number
  private readonly words = new Uint32Array(SECTOR_BYTES / 4)
  private readonly sector = new Uint8Array(this.words.buffer)

  /** @param sectors how many are used, from LBA 0 on */
  constructor(device: BttDevice, sectors: number) {
    this.device = device
    this.sectors = sectors
  }

  /** Writes all sectors, without which reads would find nothing and fetch nothing. */
  fill(): void {
    for (let lba = 0; lba < this.sectors; lba++) this.write(lba)
  }

  /** Works until `performance.now()` is at `endMs`; returns how many operations that were. */
  runUntil(endMs: number, operation: SectorOperation): number {
    let operations = 0
    while (performance.now() < endMs) {
      for (let i = 0; i < OPERATIONS_PER_LOOK; i++) {
        const lba = Math.floor(Math.random() * this.sectors)
        if (operation === 'write') this.write(lba)
        else this.read(lba)
      }
      operations += OPERATIONS_PER_LOOK
    }
    return operations
  }

  private write(lba: number): void {
    this.words[0] = lba
    this.device.blocking.write(lba, this.sector)
  }

  private read(lba: number): void {
    this.device.blocking.read(lba, this.sector)
    if (this.words[0] !== lba) throw new Error(`sector ${lba} has the content of sector ${this.words[0]}`)
  }
}
