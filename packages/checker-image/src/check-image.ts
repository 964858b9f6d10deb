/**
 * Checking an image: reads only. One pass over info blocks, flogs and maps, each of which goes on behind what it finds wrong; a second one over a map
 * where several sectors have one block.
 */
import type { Finding, FindingSeverity, PmemProvider, Sleepable } from '@bttkit/interfaces'
import { mightSleep } from '@bttkit/sleepable'
import { reportBadData, reportBadMetadata } from './bad-media.ts'
import { checkFlog } from './check-flog.ts'
import { checkMap, type SectorCounts } from './check-map.ts'
import { checkLabels } from './check-labels.ts'
import type { Arena, CheckRun } from './check-run.ts'
import { findArenas } from './find-arenas.ts'
import { FindingLog, LIST_LIMIT } from './finding-log.ts'
import { ImageReader } from './image-reader.ts'
import { findInterruptedWrites } from './interrupted-writes.ts'
import { MapPasses, type PassOptions } from './map-passes.ts'
import type { ImageObserver } from './observe-image.ts'
import { reportZeroEntries } from './zero-entries.ts'

/** What an image is, from the worst of its findings. */
export type Verdict =
  /** Nothing was found but what is as it should be. */
  | 'clean'
  /** Writes were interrupted; attaching completes them. */
  | 'recoverable'
  /** Something that a repair would change, or cannot. */
  | 'damaged'
  /** No arena can be found. */
  | 'unreadable'

/** An arena that was checked. */
export interface CheckedArena {
  /** Byte of the storage. */
  readonly offset: number
  readonly sectors: SectorCounts
}

/** What came of a check. The findings were handed out one by one. */
export interface ImageReport {
  readonly image: string
  readonly verdict: Verdict
  /** Where the info block of arena 0 is; absent where there is none. */
  readonly namespaceOffset?: number
  readonly arenas: readonly CheckedArena[]
  /** How many findings there are, listed or not. */
  readonly findings: Readonly<Record<FindingSeverity, number>>
  /** The same by code. */
  readonly findingsByCode: Readonly<Record<string, number>>
}

/** What a namespace is in. */
export interface NamespaceAround {
  /** Of its label. */
  readonly uuid: string
  /** The whole image of the NVDIMM, where its labels are to be checked too; offsets of what is found there are bytes of it. */
  readonly nvdimm?: PmemProvider | undefined
}

export interface ExamineOptions extends PassOptions {
  /** Where the info block of arena 0 is, in bytes; absent: probe. */
  readonly namespaceOffset?: number | undefined
  /** Given where the image is a window of one namespace of an NVDIMM. */
  readonly namespace?: NamespaceAround | undefined
  /** Of each code so many findings are handed out, and the others only counted. Default 1000. */
  readonly listLimit?: number | undefined
  readonly onFinding?: ((finding: Finding) => void) | undefined
  /** Told what is read, for whoever shows it. */
  readonly observer?: ImageObserver | undefined
}

/** From all findings, also those of other checkers. */
function verdictOf(log: FindingLog): Verdict {
  const { bySeverity } = log
  if (bySeverity.unreadable > 0) return 'unreadable'
  if (bySeverity.damaged > 0) return 'damaged'
  // An interrupted write is as legal as a finding can be, and yet not what a clean image has.
  return bySeverity.recoverable > 0 || log.countOf('write-interrupted') > 0 ? 'recoverable' : 'clean'
}

function* checkArena(run: CheckRun, arena: Arena, namespaceOffset: number): Sleepable<CheckedArena> {
  const flog = yield* checkFlog(run, arena)
  const completed = yield* findInterruptedWrites(run, arena, flog)
  const sectors = yield* checkMap(run, arena, flog, completed)
  yield* reportZeroEntries(run, arena, sectors, namespaceOffset)
  yield* reportBadData(run, arena, flog, completed)
  return { offset: arena.offset, sectors }
}

/** As `examineImage`, with a log of its caller. */
export function* examineInto(
  provider: PmemProvider,
  log: FindingLog,
  options: ExamineOptions,
): Sleepable<ImageReport> {
  if (provider.capabilities.mayWait) mightSleep(provider.name, 'checking')
  const { namespaceOffset, namespace, observer } = options
  const { uuid, nvdimm } = namespace ?? {}
  if (nvdimm !== undefined) yield* checkLabels(new ImageReader(nvdimm), log)
  const reader = new ImageReader(provider, undefined, uuid)
  const run = { reader, log, passes: new MapPasses(options), observer }
  return (yield* examineBy(run, namespaceOffset)).report
}

/** What a reader shows of an image. */
export interface Examination {
  readonly report: ImageReport
  /** Those that can be read. */
  readonly arenas: readonly Arena[]
}

/** As `examineInto`, of what a reader shows. */
export function* examineBy(run: CheckRun, namespaceOffset: number | undefined): Sleepable<Examination> {
  const { reader, log, passes } = run
  const found = yield* findArenas(run, namespaceOffset)
  const arenas: CheckedArena[] = []
  for (const { info } of found?.arenas ?? []) passes.expect(info.externalNlba)
  for (const arena of found?.arenas ?? [])
    arenas.push(yield* checkArena(run, arena, found?.namespaceOffset ?? 0))
  reportBadMetadata(run, found?.arenas ?? [])
  const report = {
    ...(found && { namespaceOffset: found.namespaceOffset }),
    arenas,
    ...summaryOf(reader, log),
  }
  return { report, arenas: found?.arenas ?? [] }
}

/**
 * Checks the label area of a whole image, and nothing that is in namespaces but what each of them is. The report has no arenas. Otherwise as `examineImage`.
 */
export function* examineLabels(
  provider: PmemProvider,
  { listLimit = LIST_LIMIT, onFinding }: Pick<ExamineOptions, 'listLimit' | 'onFinding'> = {},
): Sleepable<ImageReport> {
  if (provider.capabilities.mayWait) mightSleep(provider.name, 'checking')
  const log = new FindingLog(listLimit, (finding) => onFinding?.(finding))
  yield* checkLabels(new ImageReader(provider), log)
  return { arenas: [], ...summaryOf(provider, log) }
}

/** The sectors of all arenas. */
export function totalSectors({ arenas }: Pick<ImageReport, 'arenas'>): SectorCounts {
  const total = { initial: 0, error: 0, zero: 0, normal: 0, unknown: 0 }
  for (const { sectors } of arenas) {
    total.initial += sectors.initial
    total.error += sectors.error
    total.zero += sectors.zero
    total.normal += sectors.normal
    total.unknown += sectors.unknown
  }
  return total
}

/** What a log says of an image. */
export function summaryOf(
  { name }: Pick<PmemProvider, 'name'>,
  log: FindingLog,
): Pick<ImageReport, 'image' | 'verdict' | 'findings' | 'findingsByCode'> {
  return {
    image: name,
    verdict: verdictOf(log),
    findings: { ...log.bySeverity },
    findingsByCode: log.counts(),
  }
}

/**
 * Checks an image. Stores nothing, and takes no lock. May sleep where the storage may; over storage that does not wait it can be run atomically.
 *
 * What is lost of the media is a finding. @throws whatever else the storage fails with, and {WouldSleepError}
 */
export function examineImage(provider: PmemProvider, options: ExamineOptions = {}): Sleepable<ImageReport> {
  const { listLimit = LIST_LIMIT, onFinding } = options
  return examineInto(provider, new FindingLog(listLimit, (finding) => onFinding?.(finding)), options)
}
