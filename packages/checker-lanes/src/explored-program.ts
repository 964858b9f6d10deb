/** A device scenario as plain data: what the tasks do over which lanes. It can be made smaller, and stored. */
import type { LanePolicy } from '@bttkit/interfaces'
import { HISTORICAL_LANE_TABLES, type HistoricalLaneTableName } from '@bttkit/region-lanes'
import type { Scenario } from './explore-scenario.ts'
import type { ExploredCache } from './explored-cache.ts'
import { deviceScenario, type ExploredParts } from './explored-device.ts'
import type { DeviceOperation } from './explored-operations.ts'
import { SECTOR_BYTES, type ExploredImage } from './explored-image.ts'
import { partsWith, sharedParts } from './lane-scenarios.ts'

export interface ExploredLaneSetting {
  /** `mutex`, `shared`, one of the historical tables, or a name that `makeParts` knows. */
  readonly table: string
  readonly laneCount: number
  /** Default: `first-idle`. */
  readonly policy?: LanePolicy | undefined
  /** The lane hint of each task. Default: 0 for all. */
  readonly hints?: readonly number[] | undefined
  /** For the historical tables. Default 1. */
  readonly cpuCount?: number | undefined
}

export interface DeviceProgram {
  readonly name: string
  readonly lanes: ExploredLaneSetting
  /** Default: none. */
  readonly cache?: ExploredCache | undefined
  /** What each task does, one operation after the other. */
  readonly tasks: readonly (readonly DeviceOperation[])[]
}

/** Called for each run; the parts that the engine is composed of. */
export type MakeParts = (lanes: ExploredLaneSetting) => ExploredParts

function isHistorical(name: string): name is HistoricalLaneTableName {
  return Object.hasOwn(HISTORICAL_LANE_TABLES, name)
}

/** The parts by the name of the table. @throws {RangeError} for a name that is none of them */
export function partsByName({ table, cpuCount = 1 }: ExploredLaneSetting): ExploredParts {
  if (table === 'shared') return sharedParts()
  if (isHistorical(table)) return partsWith(table, { cpuCount })
  throw new RangeError(`there is no lane table "${table}" here`)
}

/** @param makeParts Default: by the name of the lane table, see `partsByName` */
export function programScenario(
  image: ExploredImage,
  { name, lanes, tasks, cache }: DeviceProgram,
  makeParts: MakeParts = partsByName,
): Scenario {
  const { laneCount, policy, hints } = lanes
  return deviceScenario(image, {
    name,
    tasks,
    cache,
    laneCount,
    lanePolicy: policy,
    hints,
    makeParts: () => makeParts(lanes),
  })
}

function* smallerOperations(operation: DeviceOperation): Generator<DeviceOperation> {
  const { kind, offset, length } = operation
  const isWhole = offset % SECTOR_BYTES === 0 && length % SECTOR_BYTES === 0
  if (!isWhole) return
  if (length > SECTOR_BYTES) {
    yield { ...operation, length: SECTOR_BYTES }
    yield { ...operation, offset: offset + length - SECTOR_BYTES, length: SECTOR_BYTES }
  }
  // It takes fewer steps: no content is stored.
  if (kind === 'write') yield { ...operation, kind: 'zero', fill: undefined }
}

/** The operations of a task with one left out, or one made smaller in each way that is given. */
export function* smallerTasks<Operation>(
  operations: readonly Operation[],
  smallerOnes: (operation: Operation) => Iterable<Operation>,
): Generator<Operation[]> {
  for (const [index, operation] of operations.entries()) {
    if (operations.length > 1) yield operations.toSpliced(index, 1)
    for (const smaller of smallerOnes(operation)) yield operations.with(index, smaller)
  }
}

/** Programs with less in them: a task fewer, an operation fewer, a shorter or simpler operation, a lane fewer. For `shrink`. */
export function* smallerPrograms(program: DeviceProgram): Generator<DeviceProgram> {
  const { tasks, lanes } = program
  if (tasks.length > 1) {
    for (const [index] of tasks.entries()) {
      const hints = lanes.hints?.toSpliced(index, 1)
      yield { ...program, tasks: tasks.toSpliced(index, 1), lanes: { ...lanes, hints } }
    }
  }
  for (const [index, operations] of tasks.entries())
    for (const smaller of smallerTasks(operations, smallerOperations))
      yield { ...program, tasks: tasks.with(index, smaller) }
  if (lanes.laneCount > 1) yield { ...program, lanes: { ...lanes, laneCount: lanes.laneCount - 1 } }
}
