/** Writing a stream of sectors into a device; runs of zeros are zeroed, which may take the map only. */
import type { BttDevice } from '@bttkit/interfaces'
import { CommandError, type Progress } from '@bttkit/command-line'
import type { ByteSource } from './byte-source.ts'
import { eventLoopTurn } from './event-loop-turn.ts'
import { sectorsAPiece } from './lba-range.ts'
import { isZero } from './zero-bytes.ts'

/** Takes sectors apart that come with their metadata. */
class SectorSplitter {
  readonly sectorBytes: number
  private readonly sectorSize: number
  private readonly metadataSize: number

  constructor(device: BttDevice, includeMetadata: boolean) {
    this.sectorSize = device.sectorSize
    this.metadataSize = includeMetadata ? device.metadataSize : 0
    this.sectorBytes = this.sectorSize + this.metadataSize
  }

  async write(device: BttDevice, lba: number, bytes: Uint8Array): Promise<void> {
    const { sectorBytes, sectorSize, metadataSize } = this
    if (metadataSize === 0) return device.write(lba, bytes)
    const count = bytes.length / sectorBytes
    const data = new Uint8Array(count * sectorSize)
    const metadata = new Uint8Array(count * metadataSize)
    for (let i = 0; i < count; i++) {
      const start = i * sectorBytes
      data.set(bytes.subarray(start, start + sectorSize), i * sectorSize)
      metadata.set(bytes.subarray(start + sectorSize, start + sectorBytes), i * metadataSize)
    }
    return device.write(lba, data, metadata)
  }
}

/** Writes what is not zero at once, and zeroes a run of zeros when its end is known, perhaps many pieces later. */
class SectorWriter {
  private readonly device: BttDevice
  private readonly splitter: SectorSplitter
  private next = 0
  private zerosFrom = 0

  constructor(device: BttDevice, splitter: SectorSplitter) {
    this.device = device
    this.splitter = splitter
  }

  /** Takes whole sectors. */
  async take(bytes: Uint8Array): Promise<void> {
    const { sectorBytes } = this.splitter
    for (let at = 0; at < bytes.length;) {
      const zero = isZero(bytes, at, sectorBytes)
      let end = at + sectorBytes
      while (end < bytes.length && isZero(bytes, end, sectorBytes) === zero) end += sectorBytes
      const count = (end - at) / sectorBytes
      if (!zero) {
        await this.endZeros()
        await this.splitter.write(this.device, this.next, bytes.subarray(at, end))
        this.zerosFrom = this.next + count
      }
      this.next += count
      at = end
    }
  }

  /**
   * Zeroes the run before the next sector, also where it reads as zeros already: a sector that was never written may show old data to others
   * than us (Linux reads the block of its number), and zeroing leaves alone what shows zeros to everybody.
   */
  async endZeros(): Promise<void> {
    if (this.zerosFrom < this.next) await this.device.zero(this.zerosFrom, this.next - this.zerosFrom)
    this.zerosFrom = this.next
  }
}

/**
 * The first look at a source: all that can be known before anything is written.
 *
 * @throws {CommandError} when it is empty, does not fit, or is not made of whole sectors
 */
function checkSource({ name, size }: ByteSource, device: BttDevice, sectorBytes: number): void {
  if (size === undefined) return
  if (size === 0) throw new CommandError(`${name}: is empty`)
  const capacity = device.sectorCount * sectorBytes
  if (size > capacity)
    throw new CommandError(`${name}: has ${size} bytes, and ${device.info.image} has room for ${capacity}`)
  refuseBrokenSector(name, size, sectorBytes)
}

/** @throws {CommandError} */
export function refuseBrokenSector(name: string, size: number, sectorBytes: number): void {
  if (size % sectorBytes !== 0)
    throw new CommandError(`${name}: ${size} bytes are not a whole number of sectors of ${sectorBytes}`)
}

/** Bytes that a sector takes in the source. */
export function importedSectorBytes(device: BttDevice, includeMetadata: boolean): number {
  return new SectorSplitter(device, includeMetadata).sectorBytes
}

/**
 * Writes a source into a device from LBA 0 on, to the end of the source.
 *
 * @returns how many bytes there were
 * @throws {CommandError} as `checkSource`, though later, where the size is not known
 */
export async function importSectors(
  device: BttDevice,
  source: ByteSource,
  includeMetadata: boolean,
  progress: Progress,
): Promise<number> {
  const splitter = new SectorSplitter(device, includeMetadata)
  const { sectorBytes } = splitter
  checkSource(source, device, sectorBytes)
  const writer = new SectorWriter(device, splitter)
  const capacity = device.sectorCount * sectorBytes
  const piece = new Uint8Array(sectorsAPiece(sectorBytes) * sectorBytes)
  let done = 0
  for (let count = piece.length; count === piece.length;) {
    count = await source.read(piece)
    if (done + count > capacity) {
      throw new CommandError(
        `${source.name}: goes on beyond the ${capacity} bytes of ${device.info.image}, of which the first ${done} are overwritten`,
      )
    }
    refuseBrokenSector(source.name, done + count, sectorBytes)
    await writer.take(piece.subarray(0, count))
    done += count
    progress.update(done)
    await eventLoopTurn()
  }
  await writer.endZeros()
  if (done === 0) throw new CommandError(`${source.name}: is empty`)
  return done
}
