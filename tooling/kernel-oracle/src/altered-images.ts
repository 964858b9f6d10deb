/** The altered images among the fixtures, as what was done to their common base: which no file has, and all of them tell. */
import {
  FLOG_GROUP_BYTES,
  FLOG_SLOT_BYTES,
  INFO_BLOCK_BYTES,
  MAP_ENTRY_BYTES,
  decodeFlogEntry,
  decodeInfoBlock,
  newerOf,
  normalEntry,
} from '@bttkit/btt-format'

/** Where a BTT 1.1 without a label begins. */
const ARENA_AT = 4096
const SLOT_SEQ = 12

/** The arena of an image, to be changed in place. */
function arenaOf(image: Uint8Array): {
  bytes: Uint8Array
  view: DataView
  info: ReturnType<typeof decodeInfoBlock>
} {
  const bytes = image.subarray(ARENA_AT)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return { bytes, view, info: decodeInfoBlock(bytes.subarray(0, INFO_BLOCK_BYTES)) }
}

type Alteration = (arena: ReturnType<typeof arenaOf>) => void

function setMap(lba: number, entryOf: (arena: ReturnType<typeof arenaOf>) => number): Alteration {
  return (arena) => arena.view.setUint32(arena.info.mapoff + lba * MAP_ENTRY_BYTES, entryOf(arena), true)
}

/** What was done, by the name of the image; in the words of its manifest's `mutation`. */
const ALTERATIONS: Readonly<Record<string, Alteration>> = {
  'bad-flog-same-seq': ({ view, info: { logoff } }) => {
    for (const slot of [0, 1]) view.setUint32(logoff + slot * FLOG_SLOT_BYTES + SLOT_SEQ, 1, true)
  },
  'bad-info-both-zero': ({ bytes, info: { info2off } }) => {
    for (const at of [0, info2off]) bytes.fill(0, at, at + INFO_BLOCK_BYTES)
  },
  'bad-info1-zero': ({ bytes }) => bytes.fill(0, 0, INFO_BLOCK_BYTES),
  'bad-map-dup': setMap(1, ({ view, info }) => view.getUint32(info.mapoff, true)),
  'bad-map-oob': setMap(256, ({ info }) => normalEntry(info.internalNlba + 3)),
  'bad-map-pending': (arena) => {
    const { view, info } = arena
    const slots = [0, FLOG_SLOT_BYTES].map((at) => decodeFlogEntry(view, info.logoff + at))
    const newer = slots[newerOf(slots[0]?.seq ?? 0, slots[1]?.seq ?? 0) ?? 0]
    if (newer !== undefined) setMap(newer.lba, () => normalEntry(newer.oldMap))(arena)
  },
  'bad-pad-old-02': ({ bytes, info: { logoff, nfree } }) => {
    for (let lane = 0; lane < nfree; lane++) {
      const second = logoff + lane * FLOG_GROUP_BYTES + FLOG_SLOT_BYTES
      bytes.copyWithin(second + FLOG_SLOT_BYTES, second, second + FLOG_SLOT_BYTES)
      bytes.fill(0, second, second + FLOG_SLOT_BYTES)
    }
  },
}

export const ALTERED_NAMES: readonly string[] = Object.keys(ALTERATIONS)

/** The base: of each byte what most of the altered images have, of which every one was altered at another place. */
export function baseOf(altered: readonly Uint8Array[]): Uint8Array {
  const [first = new Uint8Array()] = altered
  return first.map((byte, at) => {
    if (altered.every((image) => image[at] === byte)) return byte
    const bytes = altered.map((image) => image[at] ?? 0)
    const votesFor = (candidate: number): number => bytes.filter((other) => other === candidate).length
    return bytes.reduce((best, candidate) => (votesFor(candidate) > votesFor(best) ? candidate : best))
  })
}

/** A copy of the base with what was done to make the image of that name. */
export function alter(base: Uint8Array, name: string): Uint8Array {
  const altered = base.slice()
  ALTERATIONS[name]?.(arenaOf(altered))
  return altered
}
