/** What single sectors may hold, where each write fills one with a byte of its own and some writes fail. */
import { checkBijection, isBijection } from '@bttkit/checker-lanes'
import {
  isBttkitError,
  type BttDevice,
  type Engine,
  type PmemProvider,
  type SectorErrorError,
} from '@bttkit/interfaces'
import { runAtomic } from '@bttkit/sleepable'

export interface SectorWrite {
  readonly lba: number
  /** 0 zeroes the sector. */
  readonly fill: number
  /** So many sectors, all filled with the same. Default 1. */
  readonly count?: number
}

/** The byte that fills a sector, or what else it is. */
type Content = number | 'lost' | 'a mixture'

function contentOf(device: BttDevice, lba: number): Content {
  const sector = new Uint8Array(device.sectorSize)
  try {
    runAtomic(device.sleepable.read(lba, sector))
  } catch (error) {
    const lost: SectorErrorError['code'] = 'BTT_SECTOR_ERROR'
    if (isBttkitError(error) && error.code === lost) return 'lost'
    throw error
  }
  const fill = sector[0] ?? 0
  return sector.every((byte) => byte === fill) ? fill : 'a mixture'
}

/** A device that is written through this, and what each sector that is watched may hold. */
export class ModelledSectors {
  private readonly device: BttDevice
  private readonly allowed: Map<number, ReadonlySet<Content>>

  /** @param initial what the watched sectors may hold at the start */
  constructor(device: BttDevice, initial: ReadonlyMap<number, ReadonlySet<Content>>) {
    this.device = device
    this.allowed = new Map(initial)
  }

  /** Writes; when that fails, each sector may hold either. */
  write({ lba, fill, count = 1 }: SectorWrite): void {
    const { sleepable, sectorSize } = this.device
    let isDone = false
    try {
      const source = new Uint8Array(count * sectorSize).fill(fill)
      runAtomic(fill === 0 ? sleepable.zero(lba, count) : sleepable.write(lba, source))
      isDone = true
    } catch (error) {
      if (!isBttkitError(error)) throw error
    }
    for (let each = lba; each < lba + count; each++) {
      const before = isDone ? [] : (this.allowed.get(each) ?? [])
      this.allowed.set(each, new Set([...before, fill]))
    }
  }

  /** What is wrong with what a device holds, in one sentence, or `undefined`. */
  judge(device = this.device): string | undefined {
    for (const lba of this.allowed.keys()) {
      const problem = this.judgeSector(lba, device)
      if (problem !== undefined) return problem
    }
    return undefined
  }

  judgeSector(lba: number, device = this.device): string | undefined {
    const allowed = this.allowed.get(lba) ?? new Set<Content>()
    const content = contentOf(device, lba)
    if (allowed.has(content)) return undefined
    return `LBA ${lba} is ${content}, and may be ${[...allowed].join(' or ')}`
  }
}

/** Attaches again, and judges sectors and blocks. */
export function judgeAgain(
  engine: Engine,
  storage: PmemProvider,
  sectors: ModelledSectors,
): string | undefined {
  try {
    const device = runAtomic(engine.attach(storage))
    const problem = sectors.judge(device)
    if (problem !== undefined) return `attached again, ${problem}`
    const report = runAtomic(checkBijection(storage, device.info))
    return isBijection(report) ? undefined : 'attached again, blocks have not one holder each'
  } catch (error) {
    return `it cannot be attached and read again: ${String(error)}`
  }
}
