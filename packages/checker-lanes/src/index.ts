export { checkBijection, isBijection, type BijectionReport, type Found } from './bijection.ts'
export type { CurrentTask, TaskIdentity } from './current-task.ts'
export type { Culprit, Failure, Mismatch, MismatchKind, TaskName } from './findings.ts'
export type { SequenceFault } from './flog-groups.ts'
export { FlogWatch } from './flog-watch.ts'
export { observeLanes } from './observed-lanes.ts'
export { PreemptingProvider } from './preempting-provider.ts'
export { SeededRandom } from './seeded-random.ts'
export { stressOneThread, type OneThreadOptions } from './stress-one-thread.ts'
export {
  MOST_CPUS,
  MOST_TASKS,
  MOST_WORKERS,
  planStress,
  windowSectors,
  type StressOptions,
  type StressPlan,
} from './stress-plan.ts'
export {
  makeStressReport,
  type StressOutcome,
  type StressReport,
  type StressSetting,
  type StressVerdict,
  type UsedLane,
} from './stress-report.ts'
export { preemptionRandom } from './stress-random.ts'
export { failedResult, type ThreadResult } from './stress-result.ts'
export type { StressOperations } from './stress-operations.ts'
export type { StressedDevice } from './stress-task.ts'
export { stressThread, type ThreadOptions } from './stress-thread.ts'
export { StressWords } from './stress-words.ts'
export type { Access } from './explore-access.ts'
export { guiltyStep } from './explore-guilty.ts'
export { pctBound } from './explore-chance.ts'
export { formatDiagram, type DiagramOptions } from './explore-diagram.ts'
export { exploreDeaths, type DeathExploration, type Dying } from './explore-deaths.ts'
export type { Problem } from './explore-execution.ts'
export { parseSchedule, printSchedule } from './explore-schedule.ts'
export { formatTrace, replay, type Replay, type ReplayedStep } from './explore-replay.ts'
export { formatScheduleTrace, tracedSteps, type TracedEnd, type TracedStep } from './explore-trace.ts'
export { StepRecorder, type Program, type Scenario } from './explore-scenario.ts'
export { shrink, type Shrunk, type ShrinkOptions } from './explore-shrink.ts'
export { explore, type Exploration, type ExplorationFinding, type ExploreOptions } from './explore.ts'
export type { ExploredCache } from './explored-cache.ts'
export { deviceScenario, type DeviceScenarioOptions, type ExploredParts } from './explored-device.ts'
export type { DeviceOperation } from './explored-operations.ts'
export { pointBefore } from './explored-provider.ts'
export { describeDeviceAccess } from './explored-accesses.ts'
export { engineWithLanes, type EngineLanes } from './explored-engine.ts'
export {
  deathScenario,
  mortalParts,
  type DeathProgram,
  type DeathScenarioOptions,
} from './explored-deaths.ts'
export type { Death } from './explored-lives.ts'
export { ExploredImage, SECTOR_BYTES } from './explored-image.ts'
export {
  partsByName,
  programScenario,
  smallerPrograms,
  smallerTasks,
  type DeviceProgram,
  type ExploredLaneSetting,
  type MakeParts,
} from './explored-program.ts'
export { OPERATION_PAIRS, pairScenarios, partsWith, sectors, sharedParts } from './lane-scenarios.ts'
export { formatReplayFile, parseReplayFile, runReplayFile, type ReplayFile } from './replay-file.ts'
export { findContradiction, type Contradiction, type RegisterOperation } from './linearizability.ts'
export { ThreadCrew, type CrewOptions } from './thread-crew.ts'
export type { ThreadBody, WordProgram, WordPrograms } from './word-program.ts'
export { wordScenario } from './word-scenario.ts'
