import {
  ReadOnlyError,
  type BlockOperations,
  type BttDevice,
  type BttInfo,
  type DeviceStatistics,
  type Sleepable,
} from '@bttkit/interfaces'
import type { Attachment } from './attachment.ts'
import { checkByteRange, checkLbaRange, checkSectorRange, type DeviceShape } from './check-request.ts'
import { DrivenOperations, DriverChoice } from './driven-operations.ts'
import { readRange } from './read-range.ts'
import type { Storage } from './storage.ts'
import { writeRange } from './write-range.ts'
import { zeroRange } from './zero-range.ts'

/**
 * The operations of an attached BTT as generators. Each checks its request when it is called, and the rest when it is driven.
 *
 * Several may be under way at once on a thread.
 */
class BttOperations implements BlockOperations<Sleepable<void>> {
  private readonly attachment: Attachment
  private readonly shape: DeviceShape
  private readonly readOnly: boolean
  /** While a close is under way: its end, however it ends. */
  private closing: Promise<void> | undefined

  constructor(attachment: Attachment, shape: DeviceShape, readOnly: boolean) {
    this.attachment = attachment
    this.shape = shape
    this.readOnly = readOnly
  }

  read(lba: number, target: Uint8Array, metadata?: Uint8Array): Sleepable<void> {
    checkSectorRange(this.shape, lba, target, metadata)
    return readRange(this.attachment, { offset: lba * this.attachment.sectorSize, target, metadata })
  }

  write(lba: number, source: Uint8Array, metadata?: Uint8Array): Sleepable<void> {
    this.checkWritable()
    checkSectorRange(this.shape, lba, source, metadata)
    return writeRange(this.attachment, {
      offset: lba * this.attachment.sectorSize,
      length: source.length,
      source,
      metadata,
    })
  }

  zero(lba: number, count: number): Sleepable<void> {
    this.checkWritable()
    checkLbaRange(this.shape, lba, count)
    return zeroRange(this.attachment, lba * this.attachment.sectorSize, count * this.attachment.sectorSize)
  }

  *flush(): Sleepable<void> {
    const { gate, storage } = this.attachment
    gate.enter('flushing')
    try {
      const wait = storage.flush()
      if (wait !== undefined) yield wait
    } finally {
      gate.leave()
    }
  }

  readBytes(offset: number, target: Uint8Array): Sleepable<void> {
    checkByteRange(this.shape, offset, target.length)
    return readRange(this.attachment, { offset, target })
  }

  writeBytes(offset: number, source: Uint8Array): Sleepable<void> {
    this.checkWritable()
    checkByteRange(this.shape, offset, source.length)
    return writeRange(this.attachment, { offset, length: source.length, source })
  }

  zeroBytes(offset: number, length: number): Sleepable<void> {
    this.checkWritable()
    checkByteRange(this.shape, offset, length)
    return zeroRange(this.attachment, offset, length)
  }

  *close(): Sleepable<void> {
    const { gate, storage } = this.attachment
    if (gate.isClosed) {
      if (this.closing !== undefined) yield this.closing
      return
    }
    let ended = (): void => {}
    this.closing = new Promise((resolve) => {
      ended = resolve
    })
    try {
      yield* gate.close()
      yield* this.giveUp(storage)
    } finally {
      this.closing = undefined
      ended()
    }
  }

  private *giveUp(storage: Storage): Sleepable<void> {
    try {
      const wait = this.readOnly ? undefined : storage.flush()
      if (wait !== undefined) yield wait
    } finally {
      const wait = storage.provider.close()
      if (wait !== undefined) yield wait
    }
  }

  private checkWritable(): void {
    if (this.readOnly)
      throw new ReadOnlyError({ image: this.shape.image }, 'the image is attached for reading only')
  }
}

/** An attached BTT: its shape, and its operations in every form. */
export class AttachedBtt extends DrivenOperations implements BttDevice {
  readonly info: BttInfo
  readonly mayWait: boolean
  readonly sectorSize: number
  readonly sectorCount: number
  readonly metadataSize: number
  readonly readOnly: boolean
  private readonly attachment: Attachment

  constructor(attachment: Attachment, info: BttInfo, readOnly: boolean) {
    super(new BttOperations(attachment, info, readOnly), new DriverChoice(info.image))
    this.attachment = attachment
    this.info = info
    this.mayWait = attachment.storage.mayWait
    this.sectorSize = attachment.sectorSize
    this.sectorCount = attachment.sectorCount
    this.metadataSize = attachment.metadataSize
    this.readOnly = readOnly
  }

  statistics(): DeviceStatistics {
    return this.attachment.counters.snapshot(
      this.attachment.storage.flushes,
      this.attachment.lanes.heldCount(),
    )
  }
}
