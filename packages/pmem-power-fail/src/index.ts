export type { UnitFate } from './in-flight.ts'
export { POWER_FAIL_MODELS, type PowerFailModel } from './models.ts'
export { PowerFailMemory, type PowerFailMemoryOptions } from './power-fail-memory.ts'
export { PowerFailure, type ExploreFailureOptions, type FailureExploration } from './power-failure.ts'
