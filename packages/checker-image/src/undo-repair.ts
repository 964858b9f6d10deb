/** Taking a repair back: every byte that it changed, and only on the image that it changed, if nobody has written to it since. */
import { createHash, type Hash } from 'node:crypto'
import { UndoFileError, type ByteRange, type PmemProvider, type Sleepable } from '@bttkit/interfaces'
import { INFO_BLOCK_BYTES, decodeInfoBlock, hasInfoSignature, infoFieldOffset } from '@bttkit/btt-format'
import { mightSleep } from '@bttkit/sleepable'
import { assertWritable, storeStage } from './apply-repair.ts'
import { ImageReader } from './image-reader.ts'
import { UNIT_BYTES, mergeRanges } from './planned-changes.ts'
import type { PlannedStore, RepairPlan } from './repair-plan.ts'
import type { RepairUndo } from './undo-file.ts'

const UUID_BYTES = 16
const PIECE_BYTES = 2 ** 20
/** What is zero in such a piece is the same as a hole. */
const PAGE_BYTES = 4096

/** Reads ranges in pieces, holes left out. The bytes are valid until the next one. */
function* eachPiece(
  reader: ImageReader,
  ranges: readonly ByteRange[],
  visit: (offset: number, bytes: Uint8Array) => void,
): Sleepable<void> {
  const buffer = new Uint8Array(PIECE_BYTES)
  for (const range of ranges) {
    const end = range.offset + range.length
    // Whole pages, so that it makes no difference where the storage says that a hole begins.
    for (const data of reader.dataRanges(range.offset, range.length)) {
      const start = range.offset + Math.floor((data.offset - range.offset) / PAGE_BYTES) * PAGE_BYTES
      const stop = Math.min(end, data.offset + data.length)
      for (let offset = start; offset < stop; offset += PIECE_BYTES) {
        const wanted = Math.min(
          PIECE_BYTES,
          end - offset,
          Math.ceil((stop - offset) / PAGE_BYTES) * PAGE_BYTES,
        )
        yield* reader.readMost(offset, buffer, wanted, 'map')
        visit(offset, buffer.subarray(0, wanted))
      }
    }
  }
}

function hashPages(hash: Hash, offset: number, bytes: Uint8Array, seen: Set<number>): void {
  const place = new DataView(new ArrayBuffer(8))
  for (let at = 0; at < bytes.length; at += PAGE_BYTES) {
    const page = bytes.subarray(at, at + PAGE_BYTES)
    if (seen.has(offset + at) || page.every((byte) => byte === 0)) continue
    seen.add(offset + at)
    place.setFloat64(0, offset + at)
    hash.update(new Uint8Array(place.buffer)).update(page)
  }
}

/** SHA-256 of `metadata` without what is in `changed`. */
function* digestOf(
  reader: ImageReader,
  metadata: readonly ByteRange[],
  changed: readonly ByteRange[],
): Sleepable<string> {
  const hash = createHash('sha256')
  const seen = new Set<number>()
  yield* eachPiece(reader, metadata, (offset, bytes) => {
    for (const range of changed) {
      const from = Math.max(range.offset, offset) - offset
      const to = Math.min(range.offset + range.length, offset + bytes.length) - offset
      if (from < to) bytes.fill(0, from, to)
    }
    hashPages(hash, offset, bytes, seen)
  })
  return hash.digest('hex')
}

/** What is there now; zeros, and so marked, where the medium has lost any of it. */
function* readRange(
  reader: ImageReader,
  { offset, length }: ByteRange,
): Sleepable<PlannedStore & { isLost: boolean }> {
  const bytes = new Uint8Array(length)
  const lost = yield* reader.readMost(offset, bytes, length, 'info')
  return { offset, bytes, isLost: lost.length > 0 }
}

/** The ranges of stores, apart, and cut where the medium may have lost one part and not the other. */
function changedRanges(stores: readonly PlannedStore[]): ByteRange[] {
  const merged = mergeRanges(stores.map(({ offset, bytes }) => ({ offset, length: bytes.length })))
  return merged.flatMap(({ offset, length }) => {
    const end = offset + length
    const parts: ByteRange[] = []
    for (let at = offset; at < end;) {
      const next = Math.min(end, (Math.floor(at / UNIT_BYTES) + 1) * UNIT_BYTES)
      parts.push({ offset: at, length: next - at })
      at = next
    }
    return parts
  })
}

/**
 * What takes a plan back that is not applied yet. Reads all the metadata once. The file of it (`encodeUndo`) is made durable before the plan is applied.
 *
 * @throws {ReadOnlyError} {UnsafeProviderError} where the plan could not be applied, and whatever the storage fails with
 */
export function* undoOf(provider: PmemProvider, plan: RepairPlan): Sleepable<RepairUndo> {
  if (provider.capabilities.mayWait) mightSleep(provider.name, 'reading what a repair will change')
  assertWritable(provider)
  const reader = new ImageReader(provider)
  const stores = plan.stages.flat()
  const changed = changedRanges(stores)
  const ranges: (PlannedStore & { isLost: boolean })[] = []
  for (const range of changed) ranges.push(yield* readRange(reader, range))
  const { image, size, metadata, uuid, namespaceOffset } = plan
  return {
    image,
    size,
    ...(uuid !== undefined && { uuid }),
    ...(namespaceOffset !== undefined && { infoOffset: namespaceOffset }),
    metadata,
    digest: yield* digestOf(reader, metadata, changed),
    ranges,
    stores,
  }
}

/** The stores that touch each unit, by its number. */
function byUnit(stores: readonly PlannedStore[]): Map<number, PlannedStore[]> {
  const units = new Map<number, PlannedStore[]>()
  for (const store of stores) {
    const last = Math.floor((store.offset + store.bytes.length - 1) / UNIT_BYTES)
    for (let unit = Math.floor(store.offset / UNIT_BYTES); unit <= last; unit++) {
      const known = units.get(unit)
      if (known === undefined) units.set(unit, [store])
      else known.push(store)
    }
  }
  return units
}

/** A byte that is neither what was there before nor anything that the repair stored there. */
function* findForeignByte(
  reader: ImageReader,
  { ranges, stores }: RepairUndo,
): Sleepable<number | undefined> {
  const units = byUnit(stores)
  for (const { offset, bytes, isLost } of ranges) {
    if (isLost) continue
    const { bytes: now } = yield* readRange(reader, { offset, length: bytes.length })
    const over = units.get(Math.floor(offset / UNIT_BYTES)) ?? []
    const isForeign = (byte: number, i: number): boolean =>
      byte !== bytes[i] && !over.some((store) => store.bytes[offset + i - store.offset] === byte)
    const at = now.findIndex(isForeign)
    if (at !== -1) return offset + at
  }
  return undefined
}

/** Whether the repair changes the UUID by which the BTT is known: then those bytes are compared as all others are. */
function changesUuid({ ranges, infoOffset = 0 }: RepairUndo): boolean {
  const start = infoOffset + infoFieldOffset('uuid')
  return ranges.some(
    ({ offset, bytes, isLost }) => !isLost && offset < start + UUID_BYTES && offset + bytes.length > start,
  )
}

function* assertSameImage(provider: PmemProvider, undo: RepairUndo): Sleepable<void> {
  const image = provider.name
  const refuse = (detail: string): never => {
    throw new UndoFileError({ image }, detail)
  }
  if (provider.size !== undo.size)
    refuse(`the undo file is of an image of ${undo.size} bytes, and this one has ${provider.size}`)
  const reader = new ImageReader(provider)
  const reaches = [
    ...undo.ranges.map(({ offset, bytes }) => offset + bytes.length),
    ...undo.metadata.map(({ offset, length }) => offset + length),
  ]
  if (reaches.some((end) => end > undo.size)) refuse('the undo file reaches beyond the image')
  const block =
    undo.infoOffset === undefined || changesUuid(undo)
      ? undefined
      : yield* reader.read(undo.infoOffset, INFO_BLOCK_BYTES, 'info')
  if (block !== undefined && hasInfoSignature(block) && decodeInfoBlock(block).uuid !== undo.uuid)
    refuse(`the undo file is of another BTT: its UUID is ${undo.uuid}`)
  const changed = undo.ranges.map(({ offset, bytes }) => ({ offset, length: bytes.length }))
  if ((yield* digestOf(reader, undo.metadata, changed)) !== undo.digest)
    refuse(
      'the image has changed since the repair, elsewhere than the repair changed it: taking it back would damage it',
    )
  const foreign = yield* findForeignByte(reader, undo)
  if (foreign !== undefined)
    refuse(`the image has changed since the repair, at byte ${foreign}: taking it back would damage it`)
}

/**
 * Takes a repair back, also one that was cut short. Everything is durable when it is over; if it is cut short it can be done again.
 *
 * The caller holds the exclusive lock. @returns how many bytes were put back
 * @throws {UndoFileError} before anything is stored: it is of another image, or the image has changed since. {ReadOnlyError} {UnsafeProviderError}, and whatever the storage fails with
 */
export function* restoreUndo(provider: PmemProvider, undo: RepairUndo): Sleepable<number> {
  if (provider.capabilities.mayWait) mightSleep(provider.name, 'taking a repair back')
  assertWritable(provider)
  yield* assertSameImage(provider, undo)
  const stage = undo.ranges.filter(({ isLost }) => !isLost)
  yield* storeStage(provider, stage)
  return stage.reduce((sum, { bytes }) => sum + bytes.length, 0)
}
