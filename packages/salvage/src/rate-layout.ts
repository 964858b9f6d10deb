/** How well flog and map fit a layout. */
import type { Sleepable } from '@bttkit/interfaces'
import { MAP_ENTRY_BYTES, mapBlock, mapBytes, stripFlags, unusualLayoutFields } from '@bttkit/btt-format'
import {
  BAD_LANES,
  FindingLog,
  checkFlog,
  checkMap,
  entryOffset,
  findInterruptedWrites,
  readFlogGroups,
  type Arena,
  type FlogReading,
} from '@bttkit/checker-image/parts'
import type { LayoutFit } from './salvage-sink.ts'
import type { SalvageRun } from './salvage-run.ts'

/** With fewer writes in the flog it is no wonder that the map has none of them. */
const TELLING_WRITES = 4

/** What is wrong, for people; by code. */
const WRONG = [
  ['map-range', 'map entries name blocks that the arena does not have'],
  ['map-duplicate', 'blocks are mapped by several sectors'],
  ['map-state', 'map entries are as nobody writes them'],
  ['map-free', 'blocks are mapped, and free in a lane'],
  ['map-lost', 'ranges of the map cannot be read'],
  ['block-lost', 'blocks belong to no sector and to no lane'],
] as const
/** Those that say of an entry that it is wrong. */
const WRONG_ENTRIES = ['map-range', 'map-duplicate', 'map-state'] as const

/** Groups of the flog that say nothing that can be. */
function badLanesIn(log: FindingLog): number {
  return BAD_LANES.reduce((sum, code) => sum + log.countOf(code), 0)
}

function isFlogRight(badLanes: number, { info }: Arena): boolean {
  return badLanes * 2 <= info.nfree
}

/** Whether at least half of the flog is right. Takes little time. */
export function* fitsFlog(run: SalvageRun, arena: Arena): Sleepable<boolean> {
  const log = new FindingLog(0, () => undefined)
  yield* checkFlog(run.checkRun(log), arena)
  return isFlogRight(badLanesIn(log), arena)
}

/** Whether the flog has writes of which the map has none, not even the last one of all: then it is the map of something else. */
function* contradictsFlog(run: SalvageRun, arena: Arena, { writes }: FlogReading): Sleepable<boolean> {
  if (writes.size < TELLING_WRITES) return false
  for (const [premap, lanes] of writes) {
    const bytes = yield* run.reader.read(entryOffset(arena, premap), MAP_ENTRY_BYTES, 'map')
    if (bytes === undefined) return false
    const block = mapBlock(new DataView(bytes.buffer).getUint32(0, true), premap)
    if (lanes.some(({ oldBlock, newBlock }) => block === oldBlock || block === newBlock)) return false
  }
  return true
}

/** Entries behind the last one, to the end of its page, that are not zero: those of sectors that the layout does not have. */
function* countTail(run: SalvageRun, { offset, info }: Arena): Sleepable<number> {
  const start = info.mapoff + info.externalNlba * MAP_ENTRY_BYTES
  const end = info.mapoff + mapBytes(info.externalNlba)
  const tail = yield* run.reader.read(offset + start, end - start, 'map')
  if (tail === undefined) return 0
  const view = new DataView(tail.buffer)
  let entries = 0
  for (let at = 0; at < tail.length; at += MAP_ENTRY_BYTES) if (view.getUint32(at, true) !== 0) entries++
  return entries
}

/** Lanes that never wrote, and do not have the block that they would have been given. */
function* countStrangeLanes(run: SalvageRun, arena: Arena): Sleepable<number> {
  const { nfree, externalNlba } = arena.info
  const groups = yield* readFlogGroups(run.reader, arena)
  let strange = 0
  for (let lane = 0; lane < nfree; lane++) {
    const [first, second] = groups.slots(lane)
    const isInitial = first.seq === 1 && second.seq === 0 && first.oldMap === first.newMap
    if (isInitial && stripFlags(first.newMap) !== externalNlba + lane) strange++
  }
  return strange
}

interface Doubts {
  readonly badLanes: number
  readonly isOtherMap: boolean
  readonly tailEntries: number
  readonly strangeLanes: number
}

function* contradictionsIn(
  log: FindingLog,
  { info }: Arena,
  { badLanes, isOtherMap, tailEntries, strangeLanes }: Doubts,
): Generator<string> {
  const unusual = unusualLayoutFields(info)
  if (unusual.length > 0) yield `no known writer lays out an arena so: ${unusual.join(', ')} would be other`
  if (badLanes > 0) yield `${badLanes} of ${info.nfree} groups of the flog say nothing that can be`
  if (strangeLanes > 0)
    yield `${strangeLanes} lanes that never wrote have other blocks than they would be given`
  if (tailEntries > 0) yield `${tailEntries} map entries are behind the last one`
  if (isOtherMap) yield 'the map has none of the writes that are in the flog'
  for (const [code, words] of WRONG) if (log.countOf(code) > 0) yield `${log.countOf(code)} ${words}`
}

/** Reads flog and map. */
export function* rateLayout(run: SalvageRun, arena: Arena): Sleepable<LayoutFit> {
  const log = new FindingLog(0, () => undefined)
  const check = run.checkRun(log)
  const flog = yield* checkFlog(check, arena)
  const badLanes = badLanesIn(log)
  const sectors = yield* checkMap(check, arena, flog, yield* findInterruptedWrites(check, arena, flog))
  const wrong = WRONG_ENTRIES.reduce((sum, code) => sum + log.countOf(code), 0)
  const isOtherMap = yield* contradictsFlog(run, arena, flog)
  const tailEntries = yield* countTail(run, arena)
  const strangeLanes = yield* countStrangeLanes(run, arena)
  const doubts = { badLanes, isOtherMap, tailEntries, strangeLanes }
  return {
    isFlogRight: isFlogRight(badLanes, arena),
    isMapRight: !isOtherMap && wrong * 2 <= sectors.normal,
    badLanes,
    written: sectors.normal,
    damages: log.bySeverity.damaged + tailEntries + strangeLanes,
    contradictions: [...contradictionsIn(log, arena, doubts)],
  }
}
