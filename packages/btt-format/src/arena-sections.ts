/** Where the sections of an arena are, by its info block. Whether they can be there is for `layoutProblems` to say. */
import type { ByteRange } from '@bttkit/interfaces'
import { FLOG_GROUP_BYTES } from './flog.ts'
import { INFO_BLOCK_BYTES, type InfoBlock } from './info-block.ts'
import { MAP_ENTRY_BYTES } from './map-entry.ts'

/** In the order in which drivers lay them out. */
export const ARENA_SECTIONS = ['info', 'data', 'map', 'flog', 'backup'] as const

export type ArenaSection = (typeof ARENA_SECTIONS)[number]

/** Without what is filled up behind them. Bytes from the start of the arena. */
export function arenaSections(info: InfoBlock): Readonly<Record<ArenaSection, ByteRange>> {
  const { dataoff, mapoff, logoff, info2off, internalNlba, internalLbasize, externalNlba, nfree } = info
  return {
    info: { offset: 0, length: INFO_BLOCK_BYTES },
    data: { offset: dataoff, length: internalNlba * internalLbasize },
    map: { offset: mapoff, length: externalNlba * MAP_ENTRY_BYTES },
    flog: { offset: logoff, length: nfree * FLOG_GROUP_BYTES },
    backup: { offset: info2off, length: INFO_BLOCK_BYTES },
  }
}
