import { OutOfRangeError, type BttInfo } from '@bttkit/interfaces'

/** A run of sectors; also what `--json` prints of the commands that work on one. */
export interface LbaRange {
  readonly lba: number
  readonly count: number
}

/**
 * Work of many sectors is done in pieces; this refuses the whole before the first piece.
 *
 * @throws {OutOfRangeError}
 */
export function checkLbaRange(
  { image, sectorCount }: Pick<BttInfo, 'image' | 'sectorCount'>,
  { lba, count }: LbaRange,
): void {
  if (lba <= sectorCount && count <= sectorCount - lba) return
  const sectors = count === 1 ? `LBA ${lba} is` : `${count} sectors from LBA ${lba} on are`
  throw new OutOfRangeError({ image }, `${sectors} not on the device, which has ${sectorCount} sectors`)
}

/** Cuts a run into pieces of at most so many sectors. */
export function* piecesOf({ lba, count }: LbaRange, most: number): Generator<LbaRange> {
  for (let done = 0; done < count; done += most) {
    yield { lba: lba + done, count: Math.min(most, count - done) }
  }
}

const PIECE_BYTES = 2 ** 20

/** How many sectors of so many bytes to move at once: few enough for any memory, enough for the cost of a call not to matter. */
export function sectorsAPiece(sectorBytes: number): number {
  return Math.max(1, Math.floor(PIECE_BYTES / sectorBytes))
}
