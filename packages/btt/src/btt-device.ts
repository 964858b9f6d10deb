import {
  ClosedError,
  ReadOnlyError,
  type BlockOperations,
  type BttDevice,
  type BttInfo,
  type DeviceShare,
  type DeviceStatistics,
  type Sleepable,
  type Zeroing,
} from '@bttkit/interfaces'
import type { MeasuredLaneTable } from '@bttkit/region-lanes'
import { AtOnce } from './at-once.ts'
import type { Attachment } from './attachment.ts'
import { checkByteRange, checkLbaRange, checkSectorRange, type DeviceShape } from './check-request.ts'
import type { DeviceDescription } from './device-description.ts'
import type { DeviceThread } from './device-thread.ts'
import { DrivenOperations, DriverChoice, type OperationsAtOnce } from './driven-operations.ts'
import { readRange } from './read-range.ts'
import { StorageCall } from './storage-call.ts'
import type { VolatileState } from './volatile-state.ts'
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
  private readonly thread: DeviceThread | undefined

  constructor(attachment: Attachment, shape: DeviceShape, composition: Composition) {
    this.attachment = attachment
    this.shape = shape
    this.readOnly = composition.description.readOnly
    this.thread = composition.thread
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
    let call: StorageCall | undefined
    try {
      const wait = storage.flush()
      if (wait === undefined) return
      call = new StorageCall(wait)
      yield call
    } finally {
      // One that is ended at its wait stays in the gate, so that the storage is not closed under the flush.
      if (call === undefined || call.isOver()) gate.leave()
      else call.whenOver(() => gate.leave())
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

  /** On the thread that attached, for all threads: see `SharedGate`. */
  close(): Sleepable<void> {
    return this.attachment.gate.closeThen(() => this.giveUp())
  }

  private *giveUp(): Sleepable<void> {
    const { storage } = this.attachment
    try {
      const wait = this.readOnly ? undefined : storage.flush()
      if (wait !== undefined) yield wait
    } finally {
      this.thread?.leave()
      const wait = storage.provider.close()
      if (wait !== undefined) yield wait
    }
  }

  private checkWritable(): void {
    if (this.readOnly)
      throw new ReadOnlyError({ image: this.shape.image }, 'the image is attached for reading only')
  }
}

/** Those of an attached BTT that never have to wait for the storage. */
class BttOperationsAtOnce implements OperationsAtOnce {
  private readonly shape: DeviceShape
  private readonly readOnly: boolean
  private readonly atOnce: AtOnce

  constructor(atOnce: AtOnce, shape: DeviceShape, readOnly: boolean) {
    this.atOnce = atOnce
    this.shape = shape
    this.readOnly = readOnly
  }

  read(lba: number, target: Uint8Array, metadata?: Uint8Array): boolean {
    checkSectorRange(this.shape, lba, target, metadata)
    return this.atOnce.read(lba * this.shape.sectorSize, target, metadata)
  }

  write(lba: number, source: Uint8Array, metadata?: Uint8Array): boolean {
    if (this.readOnly) return false
    checkSectorRange(this.shape, lba, source, metadata)
    return this.atOnce.write(lba, source, metadata)
  }

  readBytes(offset: number, target: Uint8Array): boolean {
    checkByteRange(this.shape, offset, target.length)
    return this.atOnce.read(offset, target, undefined)
  }

  writeBytes(offset: number, source: Uint8Array): boolean {
    const { sectorSize } = this.shape
    if (this.readOnly || offset % sectorSize !== 0 || source.length % sectorSize !== 0) return false
    checkByteRange(this.shape, offset, source.length)
    return this.atOnce.write(offset / sectorSize, source, undefined)
  }
}

function atOnceOf(
  attachment: Attachment,
  shape: DeviceShape,
  readOnly: boolean,
): OperationsAtOnce | undefined {
  return AtOnce.suits(attachment)
    ? new BttOperationsAtOnce(new AtOnce(attachment), shape, readOnly)
    : undefined
}

/** Of what an attachment was put together, as far as the device says it again. */
export interface Composition {
  readonly description: DeviceDescription
  readonly state: VolatileState
  readonly measured: MeasuredLaneTable | undefined
  /** Present where other threads may take part. */
  readonly thread?: DeviceThread | undefined
  /** Whether this thread attached, and did not join. */
  readonly isOwner: boolean
}

/** An attached BTT: its shape, and its operations in every form. */
export class AttachedBtt extends DrivenOperations implements BttDevice {
  readonly info: BttInfo
  readonly mayWait: boolean
  readonly sectorSize: number
  readonly sectorCount: number
  readonly metadataSize: number
  readonly readOnly: boolean
  readonly zeroing: Zeroing
  private readonly attachment: Attachment
  private readonly composition: Composition

  constructor(attachment: Attachment, composition: Composition) {
    const { info, readOnly } = composition.description
    const atOnce = atOnceOf(attachment, info, readOnly)
    super(new BttOperations(attachment, info, composition), new DriverChoice(info.image), {
      atomic: attachment.isShared ? undefined : atOnce,
      others: atOnce,
    })
    this.attachment = attachment
    this.composition = composition
    this.info = info
    this.mayWait = attachment.storage.mayWait || attachment.isShared
    this.sectorSize = attachment.sectorSize
    this.sectorCount = attachment.sectorCount
    this.metadataSize = attachment.metadataSize
    this.readOnly = readOnly
    this.zeroing = attachment.zeroing
  }

  statistics(): DeviceStatistics {
    const { counters, storage, lanes } = this.attachment
    const measured = this.composition.measured?.statistics() ?? []
    return counters.snapshot(storage.flushes, lanes.heldCount(), measured)
  }

  share(): DeviceShare {
    const { description, state, thread, isOwner } = this.composition
    const { image } = this.info
    if (this.attachment.gate.isClosed) throw new ClosedError({ image }, 'the device is closed')
    if (thread === undefined)
      throw new TypeError(`${image} was attached for one thread; attach it with the option threads`)
    if (!isOwner)
      throw new TypeError(`${image} is shared by the thread that attached it, not by one that joined`)
    return { image, state: state.buffer, description }
  }
}
