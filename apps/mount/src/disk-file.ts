import type { BlockOperations, BttDevice, Sleepable } from '@bttkit/interfaces'
import type { FuseFile } from '@bttkit/fuse-kernel'

/** Operations of a device that end before their calls return, or are driven by who called them. */
type Operations = BlockOperations<Sleepable<void> | void>

/**
 * The device as one file. Every byte range is fine: parts of sectors are read, changed and written as one atomic step by the engine, and each sector is
 * old or new whatever happens. Writes are durable when they are answered, or, in the durability mode `flush`, when a sync is.
 */
export class DiskFile implements FuseFile {
  readonly name = 'disk'
  readonly size: number
  readonly readOnly: boolean
  private readonly operations: Operations

  /** @param blocks whether operations wait on this thread, and do so within the call; else they are driven by who serves */
  constructor(device: BttDevice, blocks: boolean) {
    this.operations = blocks ? device.blocking : device.sleepable
    this.size = device.sectorCount * device.sectorSize
    this.readOnly = device.readOnly
  }

  read(offset: number, target: Uint8Array): Sleepable<void> | void {
    return this.operations.readBytes(offset, target)
  }

  write(offset: number, source: Uint8Array): Sleepable<void> | void {
    return this.operations.writeBytes(offset, source)
  }

  zero(offset: number, length: number): Sleepable<void> | void {
    return this.operations.zeroBytes(offset, length)
  }

  sync(): Sleepable<void> | void {
    return this.operations.flush()
  }
}
