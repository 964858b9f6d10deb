/** Reading a whole device, and going on after sectors that cannot be read. */
import type { BttDevice } from '@bttkit/interfaces'
import { CommandError, describeError, type Progress } from '@bttkit/command-line'
import type { ByteOutput } from './byte-output.ts'
import { eventLoopTurn } from './event-loop-turn.ts'
import { piecesOf, sectorsAPiece } from './lba-range.ts'
import { isSectorFailure, type OnError } from './on-error.ts'

export interface ExportRequest {
  readonly onError: OnError
  /** Each sector is followed by its metadata. */
  readonly includeMetadata: boolean
}

/** Bytes that a sector takes in the output. */
export function exportedSectorBytes(device: BttDevice, includeMetadata: boolean): number {
  return device.sectorSize + (includeMetadata ? device.metadataSize : 0)
}

/** Sectors and, if they are wanted, their metadata, in buffers of their own as the device gives them. */
class SectorPiece {
  readonly data: Uint8Array
  readonly metadata: Uint8Array | undefined
  readonly sectorSize: number
  readonly metadataSize: number
  private readonly interleaved: Uint8Array | undefined

  constructor(device: BttDevice, count: number, includeMetadata: boolean) {
    const withMetadata = includeMetadata && device.metadataSize > 0
    this.sectorSize = device.sectorSize
    this.metadataSize = withMetadata ? device.metadataSize : 0
    this.data = new Uint8Array(count * this.sectorSize)
    this.metadata = withMetadata ? new Uint8Array(count * this.metadataSize) : undefined
    this.interleaved = withMetadata ? new Uint8Array(this.data.length + count * this.metadataSize) : undefined
  }

  /** Reads `count` sectors from `lba` on to the place of sector `at`. */
  async read(device: BttDevice, lba: number, at: number, count: number): Promise<void> {
    const { sectorSize, metadataSize } = this
    const data = this.data.subarray(at * sectorSize, (at + count) * sectorSize)
    await device.read(lba, data, this.metadata?.subarray(at * metadataSize, (at + count) * metadataSize))
  }

  fill(at: number, byte: number): void {
    this.data.fill(byte, at * this.sectorSize, (at + 1) * this.sectorSize)
    this.metadata?.fill(byte, at * this.metadataSize, (at + 1) * this.metadataSize)
  }

  /** The first `count` sectors as they are exported. */
  exported(count: number): Uint8Array {
    const { data, metadata, interleaved, sectorSize, metadataSize } = this
    if (metadata === undefined || interleaved === undefined) return data.subarray(0, count * sectorSize)
    const stride = sectorSize + metadataSize
    for (let i = 0; i < count; i++) {
      interleaved.set(data.subarray(i * sectorSize, (i + 1) * sectorSize), i * stride)
      interleaved.set(metadata.subarray(i * metadataSize, (i + 1) * metadataSize), i * stride + sectorSize)
    }
    return interleaved.subarray(0, count * stride)
  }
}

/** Reads one sector after the other, because something among them cannot be read. Returns how many were filled instead. */
async function readOneByOne(
  device: BttDevice,
  piece: SectorPiece,
  lba: number,
  count: number,
  { fill }: OnError,
): Promise<number> {
  let filled = 0
  for (let at = 0; at < count; at++) {
    try {
      await piece.read(device, lba + at, at, 1)
    } catch (error) {
      if (!isSectorFailure(error)) throw error
      if (fill === undefined)
        throw new CommandError(`LBA ${lba + at} cannot be read: ${describeError(error)}`, { cause: error })
      piece.fill(at, fill)
      filled++
    }
  }
  return filled
}

/**
 * Copies all sectors of a device to an output, in order.
 *
 * @returns how many sectors could not be read and were filled
 * @throws {CommandError} naming the first LBA that cannot be read, where nothing says what to fill it with
 */
export async function exportSectors(
  device: BttDevice,
  output: ByteOutput,
  request: ExportRequest,
  progress: Progress,
): Promise<number> {
  const sectorBytes = exportedSectorBytes(device, request.includeMetadata)
  const most = Math.min(sectorsAPiece(sectorBytes), device.sectorCount)
  const piece = new SectorPiece(device, most, request.includeMetadata)
  let filled = 0
  for (const { lba, count } of piecesOf({ lba: 0, count: device.sectorCount }, most)) {
    try {
      await piece.read(device, lba, 0, count)
    } catch (error) {
      if (!isSectorFailure(error)) throw error
      filled += await readOneByOne(device, piece, lba, count, request.onError)
    }
    await output.write(piece.exported(count))
    progress.update((lba + count) * sectorBytes)
    await eventLoopTurn()
  }
  return filled
}
