/** Reading an image of which parts may be lost: a medium that cannot give one thing keeps nobody from the rest. */
import {
  isBttkitError,
  type BadBlockError,
  type ByteRange,
  type CallStage,
  type MaybeSleep,
  type PmemProvider,
  type Sleepable,
} from '@bttkit/interfaces'
import { PlannedChanges, UNIT_BYTES, mergeRanges } from './planned-changes.ts'

/** Whether the storage says that it cannot give what was to be read; also one that brought its own copy of our classes. */
function isLoss(error: unknown): boolean {
  if (!isBttkitError(error)) return false
  return error.code === ('BTT_BAD_BLOCK' satisfies BadBlockError['code']) || error.errno === 'EIO'
}

/** A part of a buffer. All three are bytes. */
interface Piece {
  readonly target: Uint8Array
  readonly start: number
  readonly length: number
}

/** What is needed of storage to read it. */
type ReadableStorage = Pick<PmemProvider, 'name' | 'size' | 'read' | 'dataRanges' | 'badBlocks' | 'annotate'>

export class ImageReader {
  readonly name: string
  readonly size: number
  /** Of the namespace of an NVDIMM that the storage is a window of; absent: what is around the BTT tells. */
  readonly namespaceUuid: string | undefined
  private readonly provider: ReadableStorage
  private readonly changes: PlannedChanges

  /** @param changes that are seen as if they were stored */
  constructor(provider: ReadableStorage, changes = new PlannedChanges(), namespaceUuid?: string) {
    this.namespaceUuid = namespaceUuid
    this.name = provider.name
    this.size = provider.size
    this.provider = provider
    this.changes = changes
  }

  /** The bytes, or `undefined` where the storage does not have them: they are lost, or beyond its end. */
  *read(offset: number, length: number, stage: CallStage): Sleepable<Uint8Array | undefined> {
    if (!Number.isSafeInteger(offset) || offset < 0 || offset + length > this.size) return undefined
    const target = new Uint8Array(length)
    return (yield* this.isRead(offset, { target, start: 0, length }, stage)) ? target : undefined
  }

  /** Reads what can be read, into `target` from its start on; zeros in place of what is lost. Returns that: in order, in units of the medium. */
  *readMost(offset: number, target: Uint8Array, length: number, stage: CallStage): Sleepable<ByteRange[]> {
    const lost: ByteRange[] = []
    yield* this.readAround(offset, { target, start: 0, length }, stage, lost)
    return lost
  }

  /** The parts of a range that are no holes, as far as the storage knows. */
  dataRanges(offset: number, length: number): readonly ByteRange[] {
    const stored = this.provider.dataRanges?.(offset, length) ?? [{ offset, length }]
    const planned = this.changes.rangesIn(offset, length)
    return planned.length === 0 ? stored : mergeRanges([...stored, ...planned])
  }

  /** What the storage knows to be lost without being read. */
  knownBadBlocks(): readonly ByteRange[] {
    return this.provider.badBlocks?.() ?? []
  }

  /** Halves a range that cannot be read, down to a unit. */
  private *readAround(offset: number, piece: Piece, stage: CallStage, lost: ByteRange[]): Sleepable<void> {
    if (yield* this.isRead(offset, piece, stage)) return
    const { target, start, length } = piece
    const middle = Math.floor((offset + length / 2) / UNIT_BYTES) * UNIT_BYTES
    const cut = middle > offset ? middle : (Math.floor(offset / UNIT_BYTES) + 1) * UNIT_BYTES
    if (cut >= offset + length) {
      target.fill(0, start, start + length)
      lost.push({ offset, length })
      return
    }
    const first = cut - offset
    yield* this.readAround(offset, { target, start, length: first }, stage, lost)
    yield* this.readAround(cut, { target, start: start + first, length: length - first }, stage, lost)
  }

  /** @returns false where it is lost */
  private *isRead(offset: number, { target, start, length }: Piece, stage: CallStage): Sleepable<boolean> {
    const piece = target.subarray(start, start + length)
    try {
      const wait = this.call(offset, piece, stage)
      if (wait !== undefined) yield wait
    } catch (error) {
      if (!isLoss(error)) throw error
      if (!this.changes.covers(offset, length)) return false
    }
    this.changes.patch(offset, piece)
    return true
  }

  private call(offset: number, target: Uint8Array, stage: CallStage): MaybeSleep {
    this.provider.annotate?.(stage)
    return this.provider.read(offset, target)
  }
}
