import { SectorErrorError } from '@bttkit/interfaces'
import { createStack } from '@bttkit/stack'

/** What a BTT holds, as one of the two implementations reads it. */
export interface Reading {
  readonly sectorSize: number
  readonly sectorCount: number
  /** All sectors, zeros for those that cannot be read. */
  readonly content: Buffer
  /** The sectors that cannot be read. */
  readonly lost: readonly number[]
}

/** What we read, without changing anything: interrupted writes are completed in memory. */
export async function readByUs(image: string): Promise<Reading> {
  const device = await createStack().openImage(image, { readOnly: true, blocking: true })
  const { sectorSize, sectorCount } = device
  const content = Buffer.alloc(sectorSize * sectorCount)
  const lost: number[] = []
  for (let lba = 0; lba < sectorCount; lba++) {
    const sector = content.subarray(lba * sectorSize, (lba + 1) * sectorSize)
    try {
      device.blocking.read(lba, sector)
    } catch (error) {
      if (!(error instanceof SectorErrorError)) throw error
      sector.fill(0)
      lost.push(lba)
    }
  }
  device.blocking.close()
  return { sectorSize, sectorCount, content, lost }
}

/** The sectors in which two readings differ, for messages; both are of the same geometry. */
export function differingSectors(one: Reading, other: Reading): number[] {
  const { sectorSize, sectorCount } = one
  const differs = (lba: number): boolean => {
    const [from, to] = [lba * sectorSize, (lba + 1) * sectorSize]
    return one.content.compare(other.content, from, to, from, to) !== 0
  }
  return Array.from({ length: sectorCount }, (_, lba) => lba).filter(differs)
}
