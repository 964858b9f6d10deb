/** The map of an arena as a grid: each cell is some sectors one behind the other, and counts them. Memory: a few numbers a cell. */
import type { ObservedSectors, SectorCounts, SectorsObserver } from '@bttkit/checker-image'

/** Of the counts of one cell, in the order of `COUNTS`. */
const COUNTS = ['initial', 'error', 'zero', 'normal', 'unknown', 'wrong'] as const

export interface CountedCell {
  /** Counted in the arena. */
  readonly first: number
  readonly count: number
  readonly sectors: SectorCounts
  readonly wrong: number
}

export class MapGrid implements SectorsObserver {
  readonly runSectors: number
  private readonly sectorCount: number
  private readonly counts: Float64Array

  /** @param mostCells that are made; powers of two of sectors have one each */
  constructor(sectorCount: number, mostCells: number) {
    this.sectorCount = sectorCount
    this.runSectors = 2 ** Math.max(0, Math.ceil(Math.log2(sectorCount / mostCells)))
    this.counts = new Float64Array(Math.ceil(sectorCount / this.runSectors) * COUNTS.length)
  }

  add(sectors: ObservedSectors): void {
    const at = this.cellOf(sectors.first) * COUNTS.length
    for (const [i, name] of COUNTS.entries()) this.counts[at + i] = (this.counts[at + i] ?? 0) + sectors[name]
  }

  /** @param premap a sector of the arena */
  cellOf(premap: number): number {
    return Math.floor(premap / this.runSectors)
  }

  cells(): CountedCell[] {
    return Array.from({ length: this.counts.length / COUNTS.length }, (_, cell) => {
      const first = cell * this.runSectors
      const at = cell * COUNTS.length
      const [initial = 0, error = 0, zero = 0, normal = 0, unknown = 0, wrong = 0] = this.counts.subarray(
        at,
        at + COUNTS.length,
      )
      const count = Math.min(this.runSectors, this.sectorCount - first)
      return { first, count, sectors: { initial, error, zero, normal, unknown }, wrong }
    })
  }
}
