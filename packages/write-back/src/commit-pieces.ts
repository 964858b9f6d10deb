/** Sectors on their way to the device: neighbours go together, so that the engine's group commit lets them share their flushes. */
import type { BlockGeometry, BlockOperations, Sleepable } from '@bttkit/interfaces'
import type { SectorContent } from './gathered-sectors.ts'

/** Sectors from `lba` on: all of them zeros, or all of them data. */
export interface CommitPiece {
  readonly lba: number
  readonly contents: SectorContent[]
}

/** As many as the engine writes as one batch. More would go one batch after the other, where pieces go side by side. */
const MOST_SECTORS_OF_DATA = 32

export function isZeros({ contents }: CommitPiece): boolean {
  return contents[0]?.data === undefined
}

/** Whether a sector goes into the piece before it. */
function continues(piece: CommitPiece, lba: number, content: SectorContent): boolean {
  const { contents } = piece
  if (lba !== piece.lba + contents.length) return false
  if (isZeros(piece) !== (content.data === undefined)) return false
  return isZeros(piece) || contents.length < MOST_SECTORS_OF_DATA
}

/** Cuts sectors of ascending LBA into pieces. */
export function* piecesOf(
  sectors: Iterable<readonly [lba: number, content: SectorContent]>,
): Generator<CommitPiece> {
  let piece: CommitPiece | undefined
  for (const [lba, content] of sectors) {
    if (piece !== undefined && continues(piece, lba, content)) {
      piece.contents.push(content)
      continue
    }
    if (piece !== undefined) yield piece
    piece = { lba, contents: [content] }
  }
  if (piece !== undefined) yield piece
}

/** One part of each content, one behind the other; zeros where there is none. */
function joined(parts: readonly (Uint8Array | undefined)[], partBytes: number): Uint8Array {
  const [only, ...others] = parts
  if (only !== undefined && others.length === 0) return only
  const bytes = new Uint8Array(parts.length * partBytes)
  for (const [index, part] of parts.entries()) if (part !== undefined) bytes.set(part, index * partBytes)
  return bytes
}

/** Writes or zeroes the sectors of a piece. */
export function commitPiece(
  device: Pick<BlockGeometry, 'sectorSize' | 'metadataSize'>,
  operations: BlockOperations<Sleepable<void>>,
  piece: CommitPiece,
): Sleepable<void> {
  const { lba, contents } = piece
  if (isZeros(piece)) return operations.zero(lba, contents.length)
  const data = contents.map((content) => content.data)
  const metadata = contents.map((content) => content.metadata)
  const hasMetadata = metadata.some((part) => part !== undefined)
  return operations.write(
    lba,
    joined(data, device.sectorSize),
    hasMetadata ? joined(metadata, device.metadataSize) : undefined,
  )
}
