/** The operations of a workload: plain JSON, and what each makes of a sector. */
import type { BlockGeometry, BlockOperations, Sleepable } from '@bttkit/interfaces'
import type { CrashRead } from './crash-read.ts'

/** `value` picks what is written, a whole number from 0 to 255; LBAs and counts are sectors, offsets and lengths bytes of the device. */
export type CrashOperation =
  /** Whole sectors, with metadata where the device has them. */
  | { readonly kind: 'write'; readonly lba: number; readonly count: number; readonly value: number }
  | { readonly kind: 'zero'; readonly lba: number; readonly count: number }
  | { readonly kind: 'write-bytes'; readonly offset: number; readonly length: number; readonly value: number }
  | { readonly kind: 'zero-bytes'; readonly offset: number; readonly length: number }
  | { readonly kind: 'flush' }

type Geometry = Pick<BlockGeometry, 'sectorSize' | 'metadataSize'>

/** Different in neighbouring sectors, and in every byte for different values, so that a mixture of two versions is neither. */
function patternByte(value: number, position: number): number {
  return (value * 37 + position + (position >>> 9) * 11) & 0xff
}

function pattern(value: number, start: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i++) bytes[i] = patternByte(value, start + i)
  return bytes
}

/** The metadata of sectors: as a pattern of another value, so that they are no continuation of the data. */
function metadataPattern(value: number, lba: number, count: number, { metadataSize }: Geometry): Uint8Array {
  return pattern(value + 128, lba * metadataSize, count * metadataSize)
}

/** The operation on a device. */
export function perform(
  device: Geometry & { readonly sleepable: BlockOperations<Sleepable<void>> },
  operation: CrashOperation,
): Sleepable<void> {
  const { sleepable, sectorSize, metadataSize } = device
  switch (operation.kind) {
    case 'write': {
      const { lba, count, value } = operation
      const source = pattern(value, lba * sectorSize, count * sectorSize)
      if (metadataSize === 0) return sleepable.write(lba, source)
      return sleepable.write(lba, source, metadataPattern(value, lba, count, device))
    }
    case 'zero':
      return sleepable.zero(operation.lba, operation.count)
    case 'write-bytes': {
      const { offset, length, value } = operation
      return sleepable.writeBytes(offset, pattern(value, offset, length))
    }
    case 'zero-bytes':
      return sleepable.zeroBytes(operation.offset, operation.length)
    case 'flush':
      return sleepable.flush()
  }
}

/** The bytes of the device that the operation changes, or reads. */
function rangeOf(operation: CrashOperation | CrashRead, sectorSize: number): { start: number; end: number } {
  if (operation.kind === 'flush') return { start: 0, end: 0 }
  if ('lba' in operation) {
    const start = operation.lba * sectorSize
    return { start, end: start + operation.count * sectorSize }
  }
  return { start: operation.offset, end: operation.offset + operation.length }
}

/** The sectors that the operation changes, or reads. */
export function sectorsOf(operation: CrashOperation | CrashRead, { sectorSize }: Geometry): number[] {
  const { start, end } = rangeOf(operation, sectorSize)
  const first = Math.floor(start / sectorSize)
  return Array.from({ length: Math.ceil(end / sectorSize) - first }, (_, i) => first + i)
}

/** The part of an operation that lies in a sector: its bytes in the sector, and where they begin among those of the operation. */
export function partOf(
  operation: CrashOperation | CrashRead,
  lba: number,
  sectorSize: number,
): { from: number; to: number; at: number } {
  const { start, end } = rangeOf(operation, sectorSize)
  const from = Math.max(start - lba * sectorSize, 0)
  return { from, to: Math.min(end - lba * sectorSize, sectorSize), at: lba * sectorSize + from - start }
}

/** What a sector that it changes holds afterwards, its metadata behind it. Of a lost sector (no bytes) the whole has to be changed. */
export function afterwards(
  operation: CrashOperation,
  lba: number,
  before: Uint8Array,
  geometry: Geometry,
): Uint8Array {
  const { sectorSize, metadataSize } = geometry
  const { from, to } = partOf(operation, lba, sectorSize)
  const after = new Uint8Array(sectorSize + metadataSize)
  after.set(before)
  if ('value' in operation) after.set(pattern(operation.value, lba * sectorSize + from, to - from), from)
  else after.fill(0, from, to)
  // A part of a sector leaves its metadata; a whole one has new ones, or none.
  if (to - from === sectorSize) after.fill(0, sectorSize)
  if (operation.kind === 'write') after.set(metadataPattern(operation.value, lba, 1, geometry), sectorSize)
  return after
}

/** The operation in words. */
export function describeOperation(operation: CrashOperation | CrashRead): string {
  if (operation.kind === 'flush') return 'flush'
  if ('lba' in operation) {
    const { kind, lba, count } = operation
    return count === 1 ? `${kind} of LBA ${lba}` : `${kind} of LBA ${lba} to ${lba + count - 1}`
  }
  return `${operation.kind} of ${operation.length} bytes at ${operation.offset}`
}
