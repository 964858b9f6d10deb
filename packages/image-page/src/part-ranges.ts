/** Which bytes of the storage are what. */
import type { Arena } from '@bttkit/checker-image'
import {
  ARENA_SECTIONS,
  INFO_BLOCK_BYTES,
  POOL_BTT_OFFSET,
  arenaSections,
  type ArenaSection,
} from '@bttkit/btt-format'
import { anchors } from './anchors.ts'
import type { Anchor, PartKind } from './page-model.ts'
import type { PageObserver } from './page-observer.ts'

export interface PartRange {
  readonly kind: PartKind
  readonly name: string
  readonly anchor: Anchor
  /** Byte of the storage. */
  readonly offset: number
  readonly bytes: number
}

const NAMES: Readonly<Record<ArenaSection, string>> = {
  info: 'info block',
  data: 'data',
  map: 'map',
  flog: 'flog',
  backup: 'backup info block',
}

/** The parts of an arena, without what lies between them. */
export function partsOfArena({ index, offset, info }: Arena): PartRange[] {
  const ranges = arenaSections(info)
  return ARENA_SECTIONS.map((kind) => ({
    kind,
    name: NAMES[kind],
    anchor: anchors.part(index, kind),
    offset: offset + ranges[kind].offset,
    bytes: ranges[kind].length,
  }))
}

/** Byte of the storage behind an arena. */
export function endOf({ offset, info }: Arena): number {
  return offset + info.info2off + INFO_BLOCK_BYTES
}

/** The parts of the storage that are no arenas. */
export function partsAround({ around, arenas }: PageObserver): PartRange[] {
  const { storageBytes, endOffset, hasPoolHeader } = around
  const part = (kind: 'pool' | 'labels', name: string, offset: number, bytes: number): PartRange => {
    return { kind, name, anchor: anchors.storage(kind), offset, bytes }
  }
  const isPool = hasPoolHeader && (arenas[0]?.offset ?? POOL_BTT_OFFSET) === POOL_BTT_OFFSET
  return [
    ...(isPool ? [part('pool', 'pool header', 0, POOL_BTT_OFFSET)] : []),
    ...(endOffset < storageBytes ? [part('labels', 'label area', endOffset, storageBytes - endOffset)] : []),
  ]
}
