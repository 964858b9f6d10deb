/** Makes the model of a page of what a check found and read. */
import type { Finding } from '@bttkit/interfaces'
import {
  totalSectors,
  type Arena,
  type ImageReport,
  type ObservedPlace,
  type RepairPlan,
} from '@bttkit/checker-image'
import { anchors } from './anchors.ts'
import { FindingPlaces } from './finding-places.ts'
import { flogModel } from './flog-lanes.ts'
import { infoModel } from './info-fields.ts'
import { arenaBar, storageBar } from './layout-bars.ts'
import { listFindings } from './listed-findings.ts'
import { grouped, sizeText } from './numbers.ts'
import { MOST_REPAIRS, shortened } from './page-limits.ts'
import type { ArenaModel, Fact, FindingGroup, MapModel, PageModel, RepairModel } from './page-model.ts'
import type { PageObserver } from './page-observer.ts'
import { verdictAdvice, type ImageWords } from './verdict-advice.ts'

/** A repair that is over, or that was only planned. */
export interface PageRepair {
  readonly plan: Pick<RepairPlan, 'steps' | 'withheld' | 'before' | 'after'>
  readonly isDryRun: boolean
  /** The undo file, if one was written. */
  readonly undo: string | undefined
}

export interface PageContent {
  readonly report: ImageReport
  /** As the check handed them out. */
  readonly findings: readonly Finding[]
  /** What the check was observed by. */
  readonly observer: PageObserver
  /** What makes of `btt check` a command on this image: its name, and the options that it needs. */
  readonly words: ImageWords
  readonly madeAt: Date
  readonly repair?: PageRepair | undefined
  /** What else is known of the storage. */
  readonly storageFacts?: readonly Fact[] | undefined
}

function repairModel({ plan, isDryRun }: PageRepair): RepairModel {
  const { steps, withheld, before, after } = plan
  const named = (list: readonly { readonly message: string }[]): string[] =>
    list.slice(0, MOST_REPAIRS).map(({ message }) => shortened(message))
  return {
    isDryRun,
    before,
    after,
    done: named(steps),
    moreDone: Math.max(0, steps.length - MOST_REPAIRS),
    withheld: named(withheld),
    moreWithheld: Math.max(0, withheld.length - MOST_REPAIRS),
  }
}

/** What one wants to know first. Sizes and counts are those of arena 0 where all arenas have them. */
function factsOf(observer: PageObserver): Fact[] {
  const { around, arenas } = observer
  const storage = {
    name: 'Storage',
    value: `${sizeText(around.storageBytes)} (${grouped(around.storageBytes)} bytes)`,
  }
  const readable = arenas.flatMap(({ arena }) => arena ?? [])
  const [first] = readable
  if (first === undefined) return [storage]
  const { info } = first
  const sectors = readable.reduce((sum, arena) => sum + arena.info.externalNlba, 0)
  return [
    { name: 'Sectors', value: `${grouped(sectors)} of ${grouped(info.externalLbasize)} bytes` },
    { name: 'Usable', value: sizeText(sectors * info.externalLbasize) },
    storage,
    { name: 'Arenas', value: grouped(readable.length) },
    { name: 'Lanes', value: `${grouped(info.nfree)} an arena` },
    { name: 'Format', value: `BTT ${info.major}.${info.minor}` },
    { name: 'UUID', value: info.uuid },
  ]
}

class PageBuilder {
  private readonly content: PageContent
  private readonly groups = new Map<string, FindingGroup>()
  private readonly places: FindingPlaces
  private listedCount = 0

  constructor(content: PageContent) {
    this.content = content
    const { findings, observer, report } = content
    const numbers = new Map<Finding, number>()
    const codes = listFindings(findings)
    for (const { listed } of codes) for (const finding of listed) numbers.set(finding, numbers.size + 1)
    this.listedCount = numbers.size
    this.places = new FindingPlaces(observer, findings, numbers)
    for (const { code, severity, repair, listed } of codes)
      this.groups.set(code, {
        code: shortened(code),
        severity,
        count: report.findingsByCode[code] ?? listed.length,
        repair: repair === undefined ? undefined : shortened(repair),
        listed: listed.map((finding) => ({
          number: numbers.get(finding) ?? 0,
          message: shortened(finding.message),
          places: this.places.placesOf(finding),
        })),
      })
  }

  build(): PageModel {
    const { report, findings, observer, words, madeAt, storageFacts = [] } = this.content
    const repair = this.content.repair && repairModel(this.content.repair)
    const undo = this.content.repair?.undo
    return {
      image: shortened(report.image),
      madeAt,
      verdict: verdictAdvice({ report, findings, repair, undo, words }),
      repair,
      facts: factsOf(observer),
      storageFacts: storageFacts.map(({ name, value }) => ({ name, value: shortened(value) })),
      sectors: totalSectors(report),
      groups: [...this.groups.values()],
      findingCount: Object.values(report.findings).reduce((sum, count) => sum + count, 0),
      listedCount: this.listedCount,
      storage: storageBar(observer, this.places),
      arenas: observer.places.map((place) => this.arena(place)),
      moreArenas: observer.arenas.length - observer.places.length,
    }
  }

  private arena(place: ObservedPlace): ArenaModel {
    const { index, offset, arena } = place
    const { observer, findings } = this.content
    const flog = observer.flogs.get(index)
    return {
      index,
      anchor: anchors.arena(index),
      offset,
      layout: arena && arenaBar(arena, this.places),
      map: arena && this.map(arena),
      flog: arena && flog && flogModel(arena, flog, findings, this.places),
      info: infoModel(place, this.places),
    }
  }

  private map({ index, firstLba }: Arena): MapModel | undefined {
    const { observer, report } = this.content
    const grid = observer.grids.get(index)
    const sectors = report.arenas[index]?.sectors
    if (grid === undefined || sectors === undefined) return undefined
    const cells = grid.cells().map((cell, i) => {
      const anchor = anchors.cell(index, i)
      const first = firstLba + cell.first
      const range = { anchor, firstLba: first, lastLba: first + cell.count - 1 }
      return { ...range, sectors: cell.sectors, wrong: cell.wrong, findings: this.places.at(anchor) }
    })
    return { anchor: anchors.part(index, 'sectors'), sectorsPerCell: grid.runSectors, cells, sectors }
  }
}

/** What a page shows. Nothing of it grows with the image: see `page-limits.ts`. */
export function buildPage(content: PageContent): PageModel {
  return new PageBuilder(content).build()
}
