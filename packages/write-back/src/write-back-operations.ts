import { ReadOnlyError, WouldSleepError, type BlockOperations, type Sleepable } from '@bttkit/interfaces'
import {
  OperationGate,
  checkByteRange,
  checkLbaRange,
  checkSectorRange,
  type DeviceShape,
  type DriverChoice,
} from '@bttkit/btt'
import { inAtomicContext } from '@bttkit/sleepable'
import { BackgroundCommit } from './background-commit.ts'
import { Commits, type CommitTarget } from './commits.ts'
import { GatheredSectors, type SectorContent } from './gathered-sectors.ts'
import { overlay, wholeSector, wholeSectorBytes, type Change } from './sector-change.ts'

/** What a write-back cache can be put before: an attached BTT, or a device like it. Nobody else changes it meanwhile. */
export interface WriteBackTarget extends CommitTarget {
  readonly mayWait: boolean
}

export interface WriteBackLimits {
  /** Of the memory for sectors, in bytes. */
  readonly limitBytes: number
  /** How long a sector may stay in memory. */
  readonly limitMs: number
  /** Whether operations are driven by blocking the thread, so that no timer can be relied on. */
  readonly blocking: boolean
}

/**
 * The operations of a device with a write-back cache, as generators. Each checks its request when it is called, and the rest when it is driven.
 *
 * A change is copied before its operation ends. Locks are taken in the order: the lock of the commits, those of the device; and the device is read without it.
 */
export class WriteBackOperations implements BlockOperations<Sleepable<void>> {
  private readonly target: WriteBackTarget
  private readonly shape: DeviceShape
  private readonly gate: OperationGate
  private readonly sectors: GatheredSectors
  private readonly commits: Commits
  private readonly background: BackgroundCommit
  private readonly limits: WriteBackLimits

  constructor(target: WriteBackTarget, limits: WriteBackLimits, driver: DriverChoice) {
    const { info, sectorSize, sectorCount, metadataSize, mayWait } = target
    this.target = target
    this.limits = limits
    this.shape = { image: info.image, sectorSize, sectorCount, metadataSize }
    this.gate = new OperationGate({ image: info.image, mayWait, closesForAll: true })
    this.sectors = new GatheredSectors(limits.limitBytes)
    this.commits = new Commits(target, this.sectors)
    this.background = new BackgroundCommit({
      sectors: this.sectors,
      commits: this.commits,
      limitMs: limits.limitMs,
      isBlocking: () => driver.isBlocking,
      commit: () => this.commitUnheard(),
    })
  }

  read(lba: number, target: Uint8Array, metadata?: Uint8Array): Sleepable<void> {
    checkSectorRange(this.shape, lba, target, metadata)
    return this.readRange(lba * this.shape.sectorSize, target, metadata)
  }

  write(lba: number, source: Uint8Array, metadata?: Uint8Array): Sleepable<void> {
    this.checkWritable()
    checkSectorRange(this.shape, lba, source, metadata)
    return this.gather('writing', {
      offset: lba * this.shape.sectorSize,
      length: source.length,
      source,
      metadata,
    })
  }

  zero(lba: number, count: number): Sleepable<void> {
    this.checkWritable()
    checkLbaRange(this.shape, lba, count)
    const { sectorSize } = this.shape
    return this.gather('zeroing', { offset: lba * sectorSize, length: count * sectorSize })
  }

  *flush(): Sleepable<void> {
    this.gate.enter('flushing')
    try {
      yield* this.makeDurable()
    } finally {
      this.gate.leave()
    }
  }

  readBytes(offset: number, target: Uint8Array): Sleepable<void> {
    checkByteRange(this.shape, offset, target.length)
    return this.readRange(offset, target)
  }

  writeBytes(offset: number, source: Uint8Array): Sleepable<void> {
    this.checkWritable()
    checkByteRange(this.shape, offset, source.length)
    return this.gather('writing', { offset, length: source.length, source })
  }

  zeroBytes(offset: number, length: number): Sleepable<void> {
    this.checkWritable()
    checkByteRange(this.shape, offset, length)
    return this.gather('zeroing', { offset, length })
  }

  close(): Sleepable<void> {
    return this.gate.closeThen(() => this.giveUp())
  }

  private *giveUp(): Sleepable<void> {
    this.background.end()
    try {
      yield* this.commits.all()
    } finally {
      yield* this.target.sleepable.close()
    }
  }

  private *makeDurable(): Sleepable<void> {
    yield* this.commits.all()
    yield* this.target.sleepable.flush()
  }

  private *commitUnheard(): Sleepable<void> {
    // Who closes commits.
    if (this.gate.isClosed) return
    this.gate.admit()
    try {
      yield* this.commits.unheard()
    } finally {
      this.gate.leave()
    }
  }

  private *readRange(offset: number, target: Uint8Array, metadata?: Uint8Array): Sleepable<void> {
    if (target.length === 0) return
    const { sectorSize, metadataSize } = this.shape
    this.gate.enter('reading')
    try {
      yield* this.commitOverdue()
      for (let done = 0; done < target.length;) {
        const at = offset + done
        const lba = Math.floor(at / sectorSize)
        const content = this.sectors.find(lba)
        const count = content === undefined ? this.lengthOnDevice(at, target.length - done) : undefined
        const length = count ?? Math.min(sectorSize - (at % sectorSize), target.length - done)
        const part = target.subarray(done, done + length)
        const partMetadata = metadata?.subarray(
          (done / sectorSize) * metadataSize,
          ((done + length) / sectorSize) * metadataSize,
        )
        if (content !== undefined) copyOut(content, at % sectorSize, part, partMetadata)
        else if (partMetadata === undefined) yield* this.target.sleepable.readBytes(at, part)
        else yield* this.target.sleepable.read(lba, part, partMetadata)
        done += length
      }
    } finally {
      this.gate.leave()
    }
  }

  /** How many bytes from there on, `most` at most, are of sectors that are not gathered. The first one is not. */
  private lengthOnDevice(offset: number, most: number): number {
    if (this.sectors.isEmpty) return most
    const { sectorSize } = this.shape
    let end = offset - (offset % sectorSize) + sectorSize
    while (end < offset + most && this.sectors.find(end / sectorSize) === undefined) end += sectorSize
    return Math.min(end - offset, most)
  }

  private *gather(what: string, change: Change): Sleepable<void> {
    if (change.length === 0) return
    const { sectorSize } = this.shape
    this.gate.enter(what)
    try {
      this.refuseIfItCouldWait(change)
      yield* this.commitOverdue()
      this.commits.assertNoFailure()
      for (let done = 0, count = 0; done < change.length; done += count) {
        count = Math.min(sectorSize - ((change.offset + done) % sectorSize), change.length - done)
        yield* this.gatherSector(change, done, count)
      }
    } finally {
      this.gate.leave()
      if (!this.limits.blocking) this.background.noteGathered()
    }
  }

  /** The part of a change that lies in one sector. */
  private *gatherSector(change: Change, done: number, count: number): Sleepable<void> {
    const { sectors } = this
    const { sectorSize, metadataSize } = this.shape
    const lba = Math.floor((change.offset + done) / sectorSize)
    const isWhole = count === sectorSize
    const contentBytes = isWhole ? wholeSectorBytes(change, this.shape) : sectorSize + metadataSize
    const hasRoom = (): boolean => sectors.hasRoom(lba, contentBytes)
    for (;;) {
      if (!hasRoom()) yield* this.commits.makeRoom(hasRoom)
      if (isWhole) return sectors.put(lba, wholeSector(change, done, this.shape))
      const gathered = sectors.find(lba)
      if (gathered !== undefined) return sectors.put(lba, overlay(gathered, change, done, count, this.shape))
      const old = yield* this.load(lba)
      if (old === undefined || !hasRoom()) continue
      return sectors.put(lba, overlay(old, change, done, count, this.shape))
    }
  }

  /** What the device has in a sector that is not gathered; `undefined` where the sector was written meanwhile. */
  private *load(lba: number): Sleepable<SectorContent | undefined> {
    const { sectorSize, metadataSize } = this.shape
    const data = new Uint8Array(sectorSize)
    const metadata = metadataSize === 0 ? undefined : new Uint8Array(metadataSize)
    const load = this.sectors.beginLoad(lba)
    try {
      yield* this.target.sleepable.read(lba, data, metadata)
      return load.isStale ? undefined : { data, metadata }
    } finally {
      this.sectors.endLoad(load)
    }
  }

  /** Where no timer can be relied on, whoever comes next commits what has been in memory for too long. */
  private *commitOverdue(): Sleepable<void> {
    const { blocking, limitMs } = this.limits
    if (!blocking || !this.sectors.hasFresh || this.commits.hasFailed || inAtomicContext()) return
    if (performance.now() - this.sectors.freshSinceMs >= limitMs) yield* this.commits.unheard()
  }

  /**
   * In a context that must not sleep, refuses a change to several sectors while others are at work, before its first sector: it could meet them in its middle.
   *
   * @throws {WouldSleepError} nothing was gathered
   */
  private refuseIfItCouldWait({ offset, length }: Change): void {
    if (!this.gate.isShared || !inAtomicContext()) return
    const { image, sectorSize } = this.shape
    if (Math.floor(offset / sectorSize) === Math.floor((offset + length - 1) / sectorSize)) return
    throw new WouldSleepError(
      { image },
      'other operations are at work; use the asynchronous or the blocking form',
    )
  }

  private checkWritable(): void {
    if (this.target.readOnly)
      throw new ReadOnlyError({ image: this.shape.image }, 'the device is for reading only')
  }
}

function copyOut(
  { data, metadata }: SectorContent,
  within: number,
  target: Uint8Array,
  targetMetadata: Uint8Array | undefined,
): void {
  if (data === undefined) target.fill(0)
  else target.set(data.subarray(within, within + target.length))
  if (metadata === undefined) targetMetadata?.fill(0)
  else targetMetadata?.set(metadata)
}
