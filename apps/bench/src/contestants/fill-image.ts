import type { BlockOperations } from '@bttkit/interfaces'
import type { Stack } from '@bttkit/stack'
import { UnitBuffer } from '../workload/unit-buffer.ts'
import type { Workload } from '../workload/workload.ts'

const PIECE_BYTES = 2 ** 18

/** What an arena has beside its sectors and their map entries, with room for the smallest arena there is. */
const OTHER_BYTES = 18 * 2 ** 20
const MAP_ENTRY_BYTES = 4

/** Enough bytes for an image, or a pool of libpmemblk, that has the sectors of a workload. A multiple of 2 MiB. */
export function imageBytes({ sectors, sectorBytes }: Pick<Workload, 'sectors' | 'sectorBytes'>): number {
  const bytes = sectors * (sectorBytes + MAP_ENTRY_BYTES) + OTHER_BYTES
  return Math.ceil(bytes / 2 ** 21) * 2 ** 21
}

/** The pieces in which the sectors of a workload are filled, each with its first LBA. One buffer serves them all. */
export function* filledPieces(workload: Workload): Generator<{ lba: number; bytes: Uint8Array }> {
  const { sectors, sectorBytes } = workload
  const pieceSectors = Math.min(sectors, Math.max(1, Math.floor(PIECE_BYTES / sectorBytes)))
  const buffer = new UnitBuffer({ ...workload, unitSectors: pieceSectors, callSectors: pieceSectors })
  const [bytes = new Uint8Array()] = buffer.calls
  for (let lba = 0; lba < sectors; lba += pieceSectors) {
    buffer.stamp(lba, 0)
    yield { lba, bytes: bytes.subarray(0, Math.min(pieceSectors, sectors - lba) * sectorBytes) }
  }
}

/** A device in the form in which its thread drives it: a thread must not do both. */
export type DrivenDevice = BlockOperations<Promise<void>> | BlockOperations<void>

/** Writes every sector of a workload. */
export async function fillSectors(device: DrivenDevice, workload: Workload): Promise<void> {
  for (const { lba, bytes } of filledPieces(workload)) await device.write(lba, bytes)
}

/** Makes an image on a file system in memory, or a fast one, and fills it. */
export async function makeFilledImage(stack: Stack, path: string, workload: Workload): Promise<void> {
  await stack.createImage(path, {
    sizeBytes: imageBytes(workload),
    externalLbasize: workload.sectorBytes,
  })
  const device = await stack.openImage(path, { blocking: true })
  await fillSectors(device.blocking, workload)
  device.blocking.close()
}
