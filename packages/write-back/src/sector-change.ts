/** What a request makes of a sector. */
import type { BlockGeometry } from '@bttkit/interfaces'
import type { SectorContent } from './gathered-sectors.ts'

/** Bytes to change: to those of `source`, or to zeros where it is absent. `metadata` is for whole sectors only. */
export interface Change {
  readonly offset: number
  readonly length: number
  readonly source?: Uint8Array | undefined
  readonly metadata?: Uint8Array | undefined
}

type Shape = Pick<BlockGeometry, 'sectorSize' | 'metadataSize'>

/** Not `slice`: that of a Buffer is no copy. */
function copyOf(bytes: Uint8Array, start: number, length: number): Uint8Array {
  const copy = new Uint8Array(length)
  copy.set(bytes.subarray(start, start + length))
  return copy
}

/** The whole sector that begins at byte `done` of the change. */
export function wholeSector({ source, metadata }: Change, done: number, shape: Shape): SectorContent {
  const { sectorSize, metadataSize } = shape
  return {
    data: source && copyOf(source, done, sectorSize),
    metadata: metadata && copyOf(metadata, (done / sectorSize) * metadataSize, metadataSize),
  }
}

/** How many bytes the content of each whole sector of the change has. */
export function wholeSectorBytes({ source, metadata }: Change, { sectorSize, metadataSize }: Shape): number {
  return (source === undefined ? 0 : sectorSize) + (metadata === undefined ? 0 : metadataSize)
}

/** A sector with the `count` bytes of the change that begin at its byte `done`; the rest of it, and its metadata, stay. */
export function overlay(
  old: SectorContent,
  { offset, source }: Change,
  done: number,
  count: number,
  { sectorSize }: Shape,
): SectorContent {
  const data = old.data === undefined ? new Uint8Array(sectorSize) : copyOf(old.data, 0, sectorSize)
  const within = (offset + done) % sectorSize
  if (source === undefined) data.fill(0, within, within + count)
  else data.set(source.subarray(done, done + count), within)
  return { data, metadata: old.metadata }
}
