export type { BlockDevice, BlockGeometry, BlockOperations } from './block-device.ts'
export type {
  ArenaInfo,
  AttachOptions,
  BttDevice,
  BttInfo,
  BttState,
  CreateOptions,
  DeviceCounters,
  DeviceShare,
  DeviceStatistics,
  Engine,
  InitialSectors,
  Zeroing,
} from './engine.ts'
export type { CheckOptions, Checker, Finding, FindingSeverity } from './checker.ts'
export type {
  LanePolicy,
  LaneStatistics,
  LaneTable,
  LaneTableFactory,
  LaneTableOptions,
  LaneWaitOptions,
  LockTable,
  LockTableFactory,
  ReadTracking,
  ReadTrackingFactory,
  ThreadPlace,
} from './lane-table.ts'
export type {
  ByteRange,
  CallStage,
  LockMode,
  PmemProvider,
  ProviderShare,
  WriteSegment,
} from './pmem-provider.ts'
export type { Registry, Resolver } from './registry.ts'
export type { FlushBehaviour, ProviderCapabilities } from './provider-capabilities.ts'
export type {
  ParameterSchemas,
  ParameterValues,
  ProviderHost,
  ProviderJoinOptions,
  ProviderLocation,
  ProviderOpenOptions,
  ProviderPlugin,
} from './provider-plugin.ts'
export { defineProviderPlugin } from './provider-plugin.ts'
export type { MaybeSleep, Sleepable, Wait, WaitKind, WaitObject, WaitSubject } from './wait.ts'
export type { WordAtomics, WordWaitResult } from './word-atomics.ts'
export * from './check-range.ts'
export * from './errors.ts'
export * from './parse-size.ts'
export * from './provider-contract.ts'
export * from './tokens.ts'
