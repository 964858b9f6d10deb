import type { ByteRange, Sleepable } from '@bttkit/interfaces'
import type { Certainty, Standing } from './certainty.ts'
import type { SalvageSink } from './salvage-sink.ts'

export type CertaintyCounts = Readonly<Record<Certainty, number>>

const NONE: CertaintyCounts = {
  certain: 0,
  likely: 0,
  doubtful: 0,
  duplicate: 0,
  'never-written': 0,
  zeroed: 0,
  'marked-lost': 0,
  unreadable: 0,
  lost: 0,
}

/** Joins sectors that are alike to runs, and counts them. */
export class SectorRuns {
  /** How many sectors are of each certainty. */
  readonly counts: Record<Certainty, number> = { ...NONE }
  private readonly sink: SalvageSink
  private lba = 0
  private count = 0
  private standing: Standing | undefined
  private block: number | undefined
  private lost: readonly ByteRange[] = []

  constructor(sink: SalvageSink) {
    this.sink = sink
  }

  /** Whether the next sectors are like the last ones; if so they are taken. */
  extend(count: number, standing: Standing, block?: number): boolean {
    if (standing !== this.standing || block !== this.block || this.lost.length > 0) return false
    this.count += count
    return true
  }

  /** Takes sectors. @param lost of the only one */
  *add(
    lba: number,
    count: number,
    standing: Standing,
    block?: number,
    lost: readonly ByteRange[] = [],
  ): Sleepable<void> {
    if (lost.length === 0 && this.extend(count, standing, block)) return
    yield* this.end()
    this.lba = lba
    this.count = count
    this.standing = standing
    this.block = block
    this.lost = lost
  }

  /** Hands out the last run. */
  *end(): Sleepable<void> {
    const { lba, count, standing, block, lost } = this
    if (standing === undefined || count === 0) return
    this.standing = undefined
    this.counts[standing.certainty] += count
    const more = { ...(block !== undefined && { block }), ...(lost.length > 0 && { lost }) }
    const wait = this.sink.sectorRun({ lba, count, ...standing, ...more })
    if (wait !== undefined) yield wait
  }
}
