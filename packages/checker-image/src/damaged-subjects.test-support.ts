/** Images whose fields are damaged one by one: of two sector sizes, in the first of two arenas and in the second. In each arena a write was interrupted. */
import {
  FLOG_GROUP_BYTES,
  FLOG_SLOT_BYTES,
  MAP_ENTRY_BYTES,
  decodeFlogEntry,
  newerOf,
  normalEntry,
  type FlogEntry,
  type InfoBlock,
} from '@bttkit/btt-format'
import { flogFields, infoFields, mapFields, type Field } from './damaged-fields.test-support.ts'
import { ARENA_BYTES, INFO_OFFSET, infoOf, twoArenas } from './image.test-support.ts'

export interface Subject {
  /** As the tables call it. */
  readonly name: string
  readonly externalLbasize: number
  readonly image: Uint8Array
  readonly fields: readonly Field[]
}

/** The lane that was interrupted before its map entry, one that was not, and one that was never used. */
const LANES = [
  [0, 'idle'],
  [1, 'interrupted'],
  [3, 'fresh'],
] as const
const INTERRUPTED = 1

/** Sectors of an arena that were written, zeroed and never written. */
const ENTRIES = { 'written entry': 7, 'zeroed entry': 3, 'initial entry': 100 }

/** The newest entry of a lane, and which of the first two slots it is in. */
function newest(image: Uint8Array, offset: number, info: InfoBlock, lane: number): [FlogEntry, 0 | 1] {
  const view = new DataView(image.buffer)
  const group = offset + info.logoff + lane * FLOG_GROUP_BYTES
  const entries = [decodeFlogEntry(view, group), decodeFlogEntry(view, group + FLOG_SLOT_BYTES)] as const
  const which = newerOf(entries[0].seq, entries[1].seq) ?? 0
  return [entries[which], which]
}

/** Takes the newest write of a lane out of the map again, as if its map entry had not been stored. Returns the sector (of the arena). */
function interrupt(image: Uint8Array, offset: number, info: InfoBlock, lane: number): number {
  const [{ lba, oldMap }] = newest(image, offset, info, lane)
  const at = offset + info.mapoff + lba * MAP_ENTRY_BYTES
  new DataView(image.buffer).setUint32(at, normalEntry(oldMap), true)
  return lba
}

function laneFields(image: Uint8Array, offset: number, info: InfoBlock): Field[] {
  return LANES.flatMap(([lane, name]) => {
    const [, which] = newest(image, offset, info, lane)
    const slots = [...(which === 0 ? ['newer', 'older'] : ['older', 'newer']), 'third', 'fourth']
    return flogFields(
      offset,
      info,
      lane,
      slots.map((slot) => `${name} ${slot}`),
    )
  })
}

/** Whose fields are those of one arena. @returns the sector (of the arena) whose write was interrupted, too */
export function subjectOf(externalLbasize: number, arena: number): Subject & { interruptedLba: number } {
  const image = twoArenas(externalLbasize)
  const offsets = [INFO_OFFSET, INFO_OFFSET + ARENA_BYTES]
  const [interruptedLba = -1] = offsets.map((offset) =>
    interrupt(image, offset, infoOf(image, offset), INTERRUPTED),
  )
  const offset = INFO_OFFSET + arena * ARENA_BYTES
  const info = infoOf(image, offset)
  return {
    name: `${externalLbasize}/${arena}`,
    externalLbasize,
    image,
    interruptedLba,
    fields: [
      ...infoFields(offset, info),
      ...mapFields(offset, info, ENTRIES),
      ...laneFields(image, offset, info),
    ],
  }
}

/** As the tables of verdicts have them. */
export const SIZES = [512, 4160] as const
export const ARENAS = [0, 1] as const
