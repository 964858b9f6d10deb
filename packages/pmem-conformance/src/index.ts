export {
  conformance,
  type ConformanceOptions,
  type ConformanceTestContext,
  type ConformanceTestFunction,
} from './conformance.ts'
export { conformanceResults, type ConformanceResult } from './conformance-results.ts'
export type { ConformanceStorage, ReopenOptions, StorageFactory } from './storage.ts'
