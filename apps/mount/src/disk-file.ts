import type { BttDevice, Sleepable } from '@bttkit/interfaces'
import type { FuseFile } from '@bttkit/fuse-kernel'

/**
 * The device as one file. Every byte range is fine: parts of sectors are read, changed and written as one atomic step by the engine, and each sector is
 * old or new whatever happens. Writes are durable when they are answered.
 */
export class DiskFile implements FuseFile {
  readonly name = 'disk'
  readonly size: number
  readonly readOnly: boolean
  private readonly device: BttDevice

  constructor(device: BttDevice) {
    this.device = device
    this.size = device.sectorCount * device.sectorSize
    this.readOnly = device.readOnly
  }

  read(offset: number, target: Uint8Array): Sleepable<void> {
    return this.device.sleepable.readBytes(offset, target)
  }

  write(offset: number, source: Uint8Array): Sleepable<void> {
    return this.device.sleepable.writeBytes(offset, source)
  }

  zero(offset: number, length: number): Sleepable<void> {
    return this.device.sleepable.zeroBytes(offset, length)
  }

  sync(): Sleepable<void> {
    return this.device.sleepable.flush()
  }
}
