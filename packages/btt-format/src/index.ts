export { ARENA_SECTIONS, arenaSections, type ArenaSection } from './arena-sections.ts'
export { Bitmap } from './bitmap.ts'
export { fletcher64 } from './fletcher64.ts'
export {
  FLOG_GROUP_BYTES,
  FLOG_HALF_BYTES,
  FLOG_SLOT_BYTES,
  FLOG_SLOTS,
  decodeFlogEntry,
  encodeFlogEntry,
  encodeFlogHalves,
  newerOf,
  nextSeq,
  type FlogEntry,
} from './flog.ts'
export { CURRENT_SLOTS, FlogSlotDetector, OLD_SLOTS, usedSlots, type FlogSlots } from './flog-slots.ts'
export {
  FLAG_ERROR,
  INFO_BLOCK_BYTES,
  decodeInfoBlock,
  encodeInfoBlock,
  firstReservedByte,
  hasInfoSignature,
  infoChecksum,
  infoFieldOffset,
  type InfoBlock,
} from './info-block.ts'
export {
  infoBlocksAgree,
  isKnownVersion,
  judgeInfoBlock,
  layoutProblems,
  type InfoVerdict,
  type LayoutProblem,
} from './judge-info-block.ts'
export {
  LABEL_INDEX_PROBE_BYTES,
  LABEL_PROBE_BYTES,
  isLabelArea,
  isLabelAreaStart,
  labelAreaCandidates,
} from './label-area.ts'
export { unusualLayoutFields } from './known-layout.ts'
export {
  DEFAULT_NFREE,
  MAX_ARENA_BYTES,
  MAX_NFREE,
  MIN_ARENA_BYTES,
  flogBytes,
  initialOffset,
  internalLbasize,
  layOut,
  mapBytes,
  roundDown,
  roundUp,
  type ArenaLayout,
  type BttVersion,
  type LayoutDialect,
  type LayoutRequest,
} from './layout.ts'
export {
  MAP_ENTRY_BYTES,
  MAX_INTERNAL_NLBA,
  countErrorEntries,
  errorEntry,
  hasErrorFlag,
  mapBlock,
  mapState,
  normalEntry,
  stripFlags,
  zeroEntry,
  type MapState,
} from './map-entry.ts'
export {
  labelledNamespaces,
  type LabelledNamespace,
  type LabelProblem,
  type LabelProblemCode,
} from './labelled-namespaces.ts'
export { contentPlaces, namespaceContent, type NamespaceContent } from './namespace-content.ts'
export type { LabelAbstraction, LabelType, NamespaceLabel } from './namespace-label.ts'
export { MOST_LABEL_BYTES, decodeNamespaceLabels, type NamespaceLabels } from './namespace-labels.ts'
export {
  POOL_BTT_OFFSET,
  decodePoolHeader,
  hasKnownPoolFormat,
  hasPoolChecksum,
  type PoolHeader,
} from './pool-header.ts'
export { layOutPool, unwrittenPoolRanges } from './pool-layout.ts'
export {
  backupOffsetIn,
  believableCandidates,
  fitsPosition,
  probePositions,
  type BttCandidate,
  type ProbePosition,
} from './probing.ts'
export { KERNEL_LBASIZES, sectorShape, type SectorShape } from './sector-shape.ts'
export { NULL_UUID, UUID_BYTES, decodeUuid, encodeUuid, isUuid } from './uuid.ts'
