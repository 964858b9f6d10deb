export {
  examineImage,
  examineLabels,
  totalSectors,
  type CheckedArena,
  type ExamineOptions,
  type ImageReport,
  type NamespaceAround,
  type Verdict,
} from './check-image.ts'
export type { SectorCounts } from './check-map.ts'
export type { CheckProgress } from './check-run.ts'
export {
  FINDING_KINDS,
  REPAIRS,
  type FindingCode,
  type FindingKind,
  type RepairAction,
} from './finding-kinds.ts'
export type { ImageFinding } from './finding-log.ts'
export { checkImage, imageChecker, type CheckImageOptions } from './iterate-findings.ts'
export { applyRepair } from './apply-repair.ts'
export type { Arena } from './check-run.ts'
export type { InfoCopy } from './info-copy.ts'
export type {
  ImageObserver,
  ObservedFlog,
  ObservedPlace,
  ObservedSectors,
  ObservedSurroundings,
  SectorsObserver,
} from './observe-image.ts'
export { planRepair } from './plan-repair.ts'
export type {
  DuplicatePolicy,
  PlannedStore,
  RepairOptions,
  RepairPlan,
  RepairStage,
  RepairStep,
  WithheldRepair,
} from './repair-plan.ts'
export { decodeUndo, encodeUndo, type RepairUndo } from './undo-file.ts'
export { restoreUndo, undoOf } from './undo-repair.ts'
