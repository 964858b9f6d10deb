import type { BttDevice, Sleepable } from '@bttkit/interfaces'
import type { FuseFile } from '@bttkit/fuse-kernel'
import type { StatisticsBoard } from './statistics-board.ts'

/**
 * The device as one file. Every byte range is fine: parts of sectors are read, changed and written as one atomic step by the engine, and each sector is
 * old or new whatever happens. Writes are durable when they are answered, or, in the durability mode `flush`, when a sync is.
 */
export class DiskFile implements FuseFile {
  readonly name = 'disk'
  readonly size: number
  readonly readOnly: boolean
  private readonly device: BttDevice
  private readonly board: StatisticsBoard

  constructor(device: BttDevice, board: StatisticsBoard) {
    this.device = device
    this.board = board
    this.size = device.sectorCount * device.sectorSize
    this.readOnly = device.readOnly
  }

  *read(offset: number, target: Uint8Array): Sleepable<void> {
    yield* this.device.sleepable.readBytes(offset, target)
    this.board.update(this.device)
  }

  *write(offset: number, source: Uint8Array): Sleepable<void> {
    yield* this.device.sleepable.writeBytes(offset, source)
    this.board.update(this.device)
  }

  *zero(offset: number, length: number): Sleepable<void> {
    yield* this.device.sleepable.zeroBytes(offset, length)
    this.board.update(this.device)
  }

  *sync(): Sleepable<void> {
    yield* this.device.sleepable.flush()
    this.board.update(this.device)
  }
}
