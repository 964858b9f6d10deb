import { isBttkitError, type BttDevice, type SectorErrorError } from '@bttkit/interfaces'
import { runAtomic } from '@bttkit/sleepable'
import { afterwards, sectorsOf, type CrashOperation } from './crash-operation.ts'

/** What a sector holds whose content is lost. */
const LOST = new Uint8Array()

/** What the watched sectors of a device hold, their metadata behind them; no bytes where a sector is lost. It never changes; `after` makes another one. */
export class ExpectedSectors {
  private readonly device: Pick<BttDevice, 'sectorSize' | 'metadataSize'>
  private readonly contents: ReadonlyMap<number, Uint8Array>

  private constructor(
    device: Pick<BttDevice, 'sectorSize' | 'metadataSize'>,
    contents: ReadonlyMap<number, Uint8Array>,
  ) {
    this.device = device
    this.contents = contents
  }

  /** The sectors as the device has them. */
  static of(device: BttDevice, lbas: Iterable<number>): ExpectedSectors {
    const contents = new Map<number, Uint8Array>()
    for (const lba of lbas) contents.set(lba, readSector(device, lba))
    return new ExpectedSectors(device, contents)
  }

  after(operation: CrashOperation): ExpectedSectors {
    const contents = new Map(this.contents)
    for (const lba of sectorsOf(operation, this.device))
      contents.set(lba, afterwards(operation, lba, this.contentOf(lba), this.device))
    return new ExpectedSectors(this.device, contents)
  }

  lbas(): Iterable<number> {
    return this.contents.keys()
  }

  contentOf(lba: number): Uint8Array {
    const content = this.contents.get(lba)
    if (content === undefined) throw new RangeError(`LBA ${lba} is not watched`)
    return content
  }
}

/** A sector, its metadata behind it; no bytes where the map says that it is lost. */
export function readSector(device: BttDevice, lba: number): Uint8Array {
  const { sectorSize, metadataSize } = device
  const bytes = new Uint8Array(sectorSize + metadataSize)
  const metadata = metadataSize === 0 ? undefined : bytes.subarray(sectorSize)
  try {
    runAtomic(device.sleepable.read(lba, bytes.subarray(0, sectorSize), metadata))
  } catch (error) {
    const lost: SectorErrorError['code'] = 'BTT_SECTOR_ERROR'
    if (isBttkitError(error) && error.code === lost) return LOST
    throw error
  }
  return bytes
}
