/**
 * What operations on one sector may do to each other: as much as if each of them happened at one moment between its start and its end.
 *
 * For the few operations of an explored program every order is tried. Longer histories are for linearizability.ts.
 */
import { SECTOR_BYTES } from './explored-image.ts'

/** One operation's part in a sector. Times are in any unit. */
export interface SectorOperation {
  readonly start: number
  /** Infinity: it never ended. */
  readonly end: number
  /** The sector after the operation; `undefined` where the operation could not have seen this content. */
  apply(sector: Uint8Array): Uint8Array | undefined
}

/**
 * Whether some order of the operations, in which none comes before one that had ended when it started, explains what they saw. One that never ended may be
 * left out: it may have happened, or not.
 */
export function isExplained(sector: Uint8Array, operations: readonly SectorOperation[]): boolean {
  if (operations.every(({ end }) => end === Infinity)) return true
  return operations.some((first) => {
    const others = operations.filter((operation) => operation !== first)
    if (others.some((other) => other.end < first.start)) return false
    const after = first.apply(sector)
    return after !== undefined && isExplained(after, others)
  })
}

/** The bytes of a range that are in a sector. */
export interface SectorPart {
  readonly lba: number
  /** In the sector. */
  readonly from: number
  readonly to: number
  /** In the range. */
  readonly at: number
}

/** Cuts a range of bytes into its sectors. */
export function sectorParts(offset: number, length: number): SectorPart[] {
  const parts: SectorPart[] = []
  for (let at = 0; at < length;) {
    const from = (offset + at) % SECTOR_BYTES
    const to = Math.min(SECTOR_BYTES, from + length - at)
    parts.push({ lba: Math.floor((offset + at) / SECTOR_BYTES), from, to, at })
    at += to - from
  }
  return parts
}

/** What a write of one byte value does to its part of a sector. */
export function writing({ from, to }: SectorPart, fill: number): SectorOperation['apply'] {
  return (sector) => sector.slice().fill(fill, from, to)
}

/** What a read that returned `seen` takes for granted. */
export function reading({ from, to, at }: SectorPart, seen: Uint8Array): SectorOperation['apply'] {
  return (sector) => {
    for (let i = from; i < to; i++) if (sector[i] !== seen[at + i - from]) return undefined
    return sector
  }
}

/** The content of a sector for people: `11 x 256, 22 x 256`. */
export function describeSector(sector: Uint8Array): string {
  const runs: string[] = []
  for (let from = 0, to = 0; from < sector.length; from = to) {
    while (to < sector.length && sector[to] === sector[from]) to++
    runs.push(`${(sector[from] ?? 0).toString(16)} x ${to - from}`)
  }
  return runs.join(', ')
}
