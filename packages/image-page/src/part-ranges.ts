/** Which bytes of the storage are what. */
import type { Arena } from '@bttkit/checker-image'
import { FLOG_GROUP_BYTES, INFO_BLOCK_BYTES, MAP_ENTRY_BYTES, POOL_BTT_OFFSET } from '@bttkit/btt-format'
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

/** The parts of an arena, without what lies between them. */
export function partsOfArena({ index, offset, info }: Arena): PartRange[] {
  const part = (kind: PartKind, name: string, at: number, bytes: number): PartRange => {
    return { kind, name, anchor: anchors.part(index, kind), offset: offset + at, bytes }
  }
  return [
    part('info', 'info block', 0, INFO_BLOCK_BYTES),
    part('data', 'data', info.dataoff, info.internalNlba * info.internalLbasize),
    part('map', 'map', info.mapoff, info.externalNlba * MAP_ENTRY_BYTES),
    part('flog', 'flog', info.logoff, info.nfree * FLOG_GROUP_BYTES),
    part('backup', 'backup info block', info.info2off, INFO_BLOCK_BYTES),
  ]
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
