/**
 * The undo file of a repair: what its bytes are. All numbers are little-endian.
 *
 * 16 bytes that say what it is; u32, the length of the description that follows, as JSON; the old bytes of each range; the new bytes of each store; 32 bytes, the SHA-256 of everything
 * before. It is written and made durable before the first change of the image.
 */
import { createHash } from 'node:crypto'
import { UndoFileError, type ByteRange } from '@bttkit/interfaces'
import type { PlannedStore } from './repair-plan.ts'

const SIGNATURE = new TextEncoder().encode('BTTKIT-UNDO-1\0\0\0')
const LENGTH_BYTES = 4
const CHECKSUM_BYTES = 32

/** Of which image it is, and where it changed. */
interface UndoDescription {
  readonly image: string
  /** Bytes of the storage. */
  readonly size: number
  /** Of the BTT; absent where none could be found, before and after. */
  readonly uuid?: string
  /** Where the info block is that has it. */
  readonly infoOffset?: number
  /** The parts of the image that every write of a sector changes. */
  readonly metadata: readonly ByteRange[]
  /** SHA-256 of them, without what the repair changes. */
  readonly digest: string
}

/** What a repair changed, and what was there before. */
export interface RepairUndo extends UndoDescription {
  /** In order and apart. A range that the medium had lost is not put back. */
  readonly ranges: readonly (PlannedStore & { readonly isLost: boolean })[]
  /** In the order in which they were stored. */
  readonly stores: readonly PlannedStore[]
}

interface Header extends UndoDescription {
  readonly ranges: readonly (ByteRange & { readonly isLost: boolean })[]
  readonly stores: readonly ByteRange[]
}

const rangeOf = ({ offset, bytes }: PlannedStore): ByteRange => ({ offset, length: bytes.length })

/** The bytes of an undo file. */
export function encodeUndo({ ranges, stores, ...description }: RepairUndo): Uint8Array {
  const header: Header = {
    ...description,
    ranges: ranges.map((range) => ({ ...rangeOf(range), isLost: range.isLost })),
    stores: stores.map(rangeOf),
  }
  const text = new TextEncoder().encode(JSON.stringify(header))
  const length = new DataView(new ArrayBuffer(LENGTH_BYTES))
  length.setUint32(0, text.length, true)
  const parts = [
    SIGNATURE,
    new Uint8Array(length.buffer),
    text,
    ...[...ranges, ...stores].map(({ bytes }) => bytes),
  ]
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return Buffer.concat([...parts, hash.digest()])
}

function isRange(value: unknown): value is ByteRange {
  if (typeof value !== 'object' || value === null) return false
  const { offset, length } = value as Partial<ByteRange>
  const isCount = (number: unknown): boolean => Number.isSafeInteger(number) && Number(number) >= 0
  return isCount(offset) && isCount(length) && isCount(Number(offset) + Number(length))
}

const isList = (list: unknown): boolean => Array.isArray(list) && list.every(isRange)

function isHeader(value: unknown): value is Header {
  if (typeof value !== 'object' || value === null) return false
  const { ranges, stores, metadata, digest, infoOffset = 0 } = value as Partial<Header>
  const isPlace = isRange({ offset: infoOffset, length: 0 })
  return isList(ranges) && isList(stores) && isList(metadata) && typeof digest === 'string' && isPlace
}

/** A right checksum proves nothing about who made the file. */
function parseHeader(text: string): Header | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isHeader(value) ? value : undefined
  } catch {
    return undefined
  }
}

function headerOf(bytes: Uint8Array, name: string): { header: Header; end: number } {
  const refuse = (detail: string): never => {
    throw new UndoFileError({ image: name }, detail)
  }
  const least = SIGNATURE.length + LENGTH_BYTES + CHECKSUM_BYTES
  const isOne = bytes.length >= least && SIGNATURE.every((byte, i) => bytes[i] === byte)
  if (!isOne) refuse('this is no undo file')
  const content = bytes.subarray(0, bytes.length - CHECKSUM_BYTES)
  const sum = createHash('sha256').update(content).digest()
  if (!sum.equals(bytes.subarray(content.length)))
    refuse('the undo file is not whole: it does not have its checksum')
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const start = SIGNATURE.length + LENGTH_BYTES
  const end = start + view.getUint32(SIGNATURE.length, true)
  const header = parseHeader(new TextDecoder().decode(bytes.subarray(start, end)))
  const payload = header?.ranges.concat(header.stores.map((store) => ({ ...store, isLost: false })))
  const payloadBytes = payload?.reduce((total, { length }) => total + length, 0)
  if (header === undefined || payloadBytes !== content.length - end)
    return refuse('the undo file contradicts itself')
  return { header, end }
}

/** @param name for messages. @throws {UndoFileError} for what is none, or not whole */
export function decodeUndo(bytes: Uint8Array, name: string): RepairUndo {
  const { header, end } = headerOf(bytes, name)
  let at = end
  const take = ({ offset, length }: ByteRange): PlannedStore => {
    const piece = bytes.slice(at, at + length)
    at += length
    return { offset, bytes: piece }
  }
  const ranges = header.ranges.map((range) => ({ ...take(range), isLost: range.isLost }))
  return { ...header, ranges, stores: header.stores.map(take) }
}
