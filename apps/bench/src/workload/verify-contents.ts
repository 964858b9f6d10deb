/** What is on a device after the work, beside what must be there. */
import { CommandError } from '@bttkit/command-line'
import { UnitBuffer } from './unit-buffer.ts'
import { Places, streamsOf, type Workload } from './workload.ts'

const PIECE_BYTES = 2 ** 18

/** Fills `target` with the sectors from `lba` on. */
export type ReadSectors = (lba: number, target: Uint8Array) => void | Promise<void>

/** How often each unit was written last, by its number. */
export function expectedGenerations(
  workload: Workload,
  sequence: Uint32Array,
  unitsPerStream: number,
): Uint32Array {
  const { operation, sectors, unitSectors } = workload
  const generations = new Uint32Array(sectors / unitSectors)
  if (operation === 'read') return generations
  const places = new Places(workload, sequence)
  for (let stream = 0; stream < streamsOf(workload); stream++) {
    // What was written before has been written again since.
    for (let done = Math.max(0, unitsPerStream - sequence.length); done < unitsPerStream; done++)
      generations[places.lba(stream, done) / unitSectors] = done + 1
  }
  return generations
}

/**
 * Reads every sector and compares every word.
 *
 * @param who for the message
 * @throws {CommandError} where a sector is not as the work must have left it
 */
export async function verifyContents(
  who: string,
  workload: Workload,
  generations: Uint32Array,
  read: ReadSectors,
): Promise<void> {
  const { sectors, sectorBytes, unitSectors } = workload
  const buffer = new UnitBuffer({ ...workload, unitSectors: 1, callSectors: 1 })
  const sectorWords = sectorBytes / Uint32Array.BYTES_PER_ELEMENT
  const pieceSectors = Math.max(1, Math.floor(PIECE_BYTES / sectorBytes))
  const piece = new Uint32Array(pieceSectors * sectorWords)
  for (let first = 0; first < sectors; first += pieceSectors) {
    const count = Math.min(pieceSectors, sectors - first)
    // Zeros, so that a read which does nothing is found out.
    piece.fill(0)
    await read(first, new Uint8Array(piece.buffer, 0, count * sectorBytes))
    for (let i = 0; i < count; i++) {
      const lba = first + i
      const sector = piece.subarray(i * sectorWords, (i + 1) * sectorWords)
      const generation = generations[Math.floor(lba / unitSectors)] ?? 0
      const word = buffer.differenceIn(sector, lba, generation)
      if (word >= 0)
        throw new CommandError(
          `${who}: wrong content after the work: sector ${lba}, byte ${word * 4}, is ${sector[word]} instead of that of write ${generation}`,
        )
    }
  }
}
