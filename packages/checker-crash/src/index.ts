export { checkCrashes, replayCrash, type CrashCheckOptions } from './check-crashes.ts'
export { checkCreation, type CreationCheckOptions } from './check-creation.ts'
export { checkWriteBack, type WriteBackCheckOptions, type WriteBackCheckResult } from './check-write-back.ts'
export type { CrashOperation } from './crash-operation.ts'
export { CutStorage } from './cut-storage.ts'
export type { CrashRead } from './crash-read.ts'
export type {
  CrashCheckResult,
  CrashCounts,
  CrashState,
  CrashViolation,
  ExplorePointsOptions,
} from './explore-points.ts'
export {
  checkOverlapping,
  replayOverlapping,
  type OverlappingCheckOptions,
  type OverlappingCheckResult,
  type OverlappingExploration,
} from './check-overlapping.ts'
export {
  formatCrashFile,
  isCrashFile,
  parseCrashFile,
  replayWorkloadCase,
  type CrashFile,
  type CrashWorkloadCase,
} from './crash-replay-file.ts'
export {
  overlappingOptions,
  smallerCrashPrograms,
  type CrashProgram,
  type CrashSetting,
} from './crash-program.ts'
export { crashTrace, formatCrashDiagram } from './case-pictures.ts'
export {
  replayCase,
  type CrashCall,
  type CrashCase,
  type CrashedMoment,
  type CrashedStore,
  type CrashStep,
  type ReplayedCase,
} from './replay-case.ts'
export { shrinkCase, type ShrinkCaseOptions } from './shrink-case.ts'
export { SteppingStorage } from './stepping-storage.ts'
