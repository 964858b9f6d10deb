/** Where on the page each finding belongs, and which findings belong to each place. */
import type { Finding } from '@bttkit/interfaces'
import type { Arena } from '@bttkit/checker-image'
import { INFO_BLOCK_BYTES } from '@bttkit/btt-format'
import { anchors } from './anchors.ts'
import { fieldAt } from './info-fields.ts'
import { grouped } from './numbers.ts'
import { MOST_LINKS } from './page-limits.ts'
import type { Anchor, FindingMarks, PlaceLink } from './page-model.ts'
import type { PageObserver } from './page-observer.ts'
import { partsAround, partsOfArena, type PartRange } from './part-ranges.ts'
import { lanesOf, shownLanes, type AnyFinding } from './shown-lanes.ts'

const NOTHING: FindingMarks = { count: 0, isDamaged: false, listed: [] }

const isWithin = ({ offset, bytes }: PartRange, byte: number): boolean =>
  byte >= offset && byte < offset + bytes

/** Findings of these mean that something is wrong. */
export function isDamage({ severity }: Pick<Finding, 'severity'>): boolean {
  return severity === 'damaged' || severity === 'unreadable'
}

export class FindingPlaces {
  /** By arena. */
  readonly lanes: ReadonlyMap<number, ReadonlySet<number>>
  private readonly observer: PageObserver
  private readonly arenas: readonly Arena[]
  private readonly around: readonly PartRange[]
  private readonly marks = new Map<Anchor, FindingMarks>()

  /** @param numbers of the findings that the page lists */
  constructor(observer: PageObserver, findings: readonly Finding[], numbers: ReadonlyMap<Finding, number>) {
    this.observer = observer
    this.lanes = shownLanes(observer, findings)
    this.arenas = observer.arenas.flatMap(({ arena }) => arena ?? [])
    this.around = partsAround(observer)
    for (const finding of findings)
      for (const anchor of new Set(this.placesOf(finding).map((place) => place.anchor)))
        if (anchor !== undefined) this.mark(anchor, finding, numbers.get(finding))
  }

  at(anchor: Anchor): FindingMarks {
    return this.marks.get(anchor) ?? NOTHING
  }

  /** The links of a finding: the most exact first. Several sectors in one cell of the map are one. */
  placesOf(finding: AnyFinding): PlaceLink[] {
    const { arena, block } = finding
    const places = [...this.lanesIn(finding), ...this.sectorsIn(finding), ...this.byteIn(finding)]
    if (block !== undefined) places.push({ text: `block ${grouped(block)}` })
    if (arena !== undefined)
      places.push({
        text: `arena ${arena}`,
        ...(this.isShown(arena) && { anchor: anchors.arena(arena) }),
      })
    return places
  }

  private mark(anchor: Anchor, finding: Finding, number: number | undefined): void {
    const { count, isDamaged, listed } = this.at(anchor)
    this.marks.set(anchor, {
      count: count + 1,
      isDamaged: isDamaged || isDamage(finding),
      listed: number === undefined || listed.length >= MOST_LINKS ? listed : [...listed, number],
    })
  }

  private isShown(arena: number): boolean {
    return this.observer.places.some(({ index }) => index === arena)
  }

  private lanesIn(finding: AnyFinding): PlaceLink[] {
    const { arena = -1 } = finding
    const shown = this.lanes.get(arena)
    return lanesOf(finding)
      .slice(0, MOST_LINKS)
      .map((lane) => ({
        text: `lane ${lane}`,
        ...(shown?.has(lane) === true && { anchor: anchors.lane(arena, lane) }),
      }))
  }

  private sectorsIn({ lba, lbas = [] }: AnyFinding): PlaceLink[] {
    const first = lbas.slice(0, MOST_LINKS)
    const all = new Set(lba === undefined ? first : [lba, ...first])
    return [...all].slice(0, MOST_LINKS).map((one) => {
      const anchor = this.cellOf(one)
      return { text: `LBA ${grouped(one)}`, ...(anchor !== undefined && { anchor }) }
    })
  }

  private cellOf(lba: number): Anchor | undefined {
    const arena = this.arenas.findLast(({ firstLba }) => firstLba <= lba)
    if (arena === undefined || lba - arena.firstLba >= arena.info.externalNlba) return undefined
    const grid = this.observer.grids.get(arena.index)
    return grid && anchors.cell(arena.index, grid.cellOf(lba - arena.firstLba))
  }

  private byteIn({ offset }: AnyFinding): PlaceLink[] {
    if (offset === undefined) return []
    const text = `byte ${grouped(offset)}`
    const field = this.fieldOf(offset)
    if (field !== undefined) return [{ text, anchor: field }]
    const arena = this.arenas.findLast((one) => one.offset <= offset && this.isShown(one.index))
    const part = [...this.around, ...(arena ? partsOfArena(arena) : [])].find((one) => isWithin(one, offset))
    return [{ text, ...(part && { anchor: part.anchor }) }]
  }

  private fieldOf(byte: number): Anchor | undefined {
    for (const { index, primary, backup } of this.observer.places)
      for (const { offset } of [primary, backup])
        if (byte >= offset && byte < offset + INFO_BLOCK_BYTES)
          return anchors.field(index, fieldAt(byte - offset))
    return undefined
  }
}
