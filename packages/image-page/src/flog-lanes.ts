/** The flog of an arena, a row a lane. */
import type { Finding } from '@bttkit/interfaces'
import type { Arena, ObservedFlog } from '@bttkit/checker-image'
import {
  FLOG_GROUP_BYTES,
  FLOG_SLOT_BYTES,
  decodeFlogEntry,
  newerOf,
  stripFlags,
  type FlogEntry,
} from '@bttkit/btt-format'
import { anchors } from './anchors.ts'
import { isDamage, type FindingPlaces } from './finding-places.ts'
import type { FlogEntryModel, FlogModel, LaneModel, LaneState } from './page-model.ts'
import { lanesOf } from './shown-lanes.ts'

interface NamedLanes {
  readonly inFlight: ReadonlySet<number>
  readonly damaged: ReadonlySet<number>
}

function namedLanes(findings: readonly Finding[], arena: number): NamedLanes {
  const here = findings.filter((finding) => finding.arena === arena)
  const inFlight = here.filter(({ code }) => code === 'write-interrupted')
  return {
    inFlight: new Set(inFlight.flatMap(lanesOf)),
    damaged: new Set(here.filter(isDamage).flatMap(lanesOf)),
  }
}

/** The lane's two entries, the newer one first, and whether that is known. */
interface LaneEntries {
  readonly newer: FlogEntryModel
  readonly older: FlogEntryModel
  readonly isOrderKnown: boolean
}

function entriesOf({ firstLba, info }: Arena, { groups, slots }: ObservedFlog, lane: number): LaneEntries {
  const at = (slot: number): FlogEntry =>
    decodeFlogEntry(groups, lane * FLOG_GROUP_BYTES + slot * FLOG_SLOT_BYTES)
  const shown = (slot: number): FlogEntryModel => {
    const { lba, oldMap, newMap, seq } = at(slot)
    return {
      slot,
      seq,
      lba: lba < info.externalNlba ? firstLba + lba : lba,
      oldBlock: stripFlags(oldMap),
      newBlock: stripFlags(newMap),
    }
  }
  const [first, second] = [shown(slots.first), shown(slots.second)]
  const which = newerOf(first.seq, second.seq)
  return {
    newer: which === 1 ? second : first,
    older: which === 1 ? first : second,
    isOrderKnown: which !== undefined,
  }
}

function stateOf(lane: number, { newer, isOrderKnown }: LaneEntries, named: NamedLanes): LaneState {
  if (named.damaged.has(lane) || !isOrderKnown) return 'damaged'
  if (named.inFlight.has(lane)) return 'in flight'
  return newer.oldBlock === newer.newBlock ? 'unused' : 'wrote'
}

export function flogModel(
  arena: Arena,
  flog: ObservedFlog,
  findings: readonly Finding[],
  places: FindingPlaces,
): FlogModel {
  const named = namedLanes(findings, arena.index)
  const rows = [...(places.lanes.get(arena.index) ?? [])].map((lane): LaneModel => {
    const anchor = anchors.lane(arena.index, lane)
    const common = { anchor, lane, findings: places.at(anchor) }
    if (flog.lostLanes.has(lane))
      return { ...common, state: 'lost', freeBlock: undefined, newer: undefined, older: undefined }
    const entries = entriesOf(arena, flog, lane)
    const { newer, older, isOrderKnown } = entries
    const freeBlock = isOrderKnown ? newer.oldBlock : undefined
    return { ...common, state: stateOf(lane, entries, named), freeBlock, newer, older }
  })
  const isNotable = ({ state }: LaneModel): boolean => state !== 'unused' && state !== 'wrote'
  return {
    anchor: anchors.part(arena.index, 'lanes'),
    notable: rows.filter(isNotable),
    others: rows.filter((row) => !isNotable(row)),
    laneCount: arena.info.nfree,
    slots: [flog.slots.first, flog.slots.second],
  }
}
