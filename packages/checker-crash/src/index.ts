export { checkCrashes, replayCrash, type CrashCheckOptions } from './check-crashes.ts'
export { checkCreation, type CreationCheckOptions } from './check-creation.ts'
export type { CrashOperation } from './crash-operation.ts'
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
} from './check-overlapping.ts'
