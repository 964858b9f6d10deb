/** A check of operations that overlap as plain data. It can be made smaller, and stored. */
import type { Engine } from '@bttkit/interfaces'
import { engineWithLanes, smallerTasks, type EngineLanes } from '@bttkit/checker-lanes'
import type { PowerFailModel } from '@bttkit/pmem-power-fail'
import type { OverlappingCheckOptions } from './check-overlapping.ts'
import type { CrashOperation } from './crash-operation.ts'
import type { CrashRead } from './crash-read.ts'

export interface CrashProgram {
  readonly model: PowerFailModel
  readonly lanes: EngineLanes
  /** What each task does, one operation after another. */
  readonly tasks: readonly (readonly (CrashOperation | CrashRead)[])[]
}

/** What a program runs on. */
export interface CrashSetting extends Pick<OverlappingCheckOptions, 'image' | 'duringRecovery' | 'limit'> {
  /** Default: `engineWithLanes`, which knows the lane tables of this project by name. */
  readonly makeEngine?: ((lanes: EngineLanes) => Engine) | undefined
}

/** For `checkOverlapping`. @throws what `makeEngine` does */
export function overlappingOptions(
  { model, lanes, tasks }: CrashProgram,
  { makeEngine = (each) => engineWithLanes(each), ...setting }: CrashSetting,
): OverlappingCheckOptions {
  return { ...setting, engine: makeEngine(lanes), model, tasks }
}

function* smallerOperations(operation: CrashOperation | CrashRead): Generator<CrashOperation | CrashRead> {
  if ('lba' in operation && operation.count > 1) {
    yield { ...operation, count: 1 }
    yield { ...operation, lba: operation.lba + operation.count - 1, count: 1 }
  }
  // It takes fewer steps: no content is stored.
  if (operation.kind === 'write') yield { kind: 'zero', lba: operation.lba, count: operation.count }
}

/** Programs with less in them: a task fewer, an operation fewer, a shorter or simpler operation, a lane fewer. For `shrink`. */
export function* smallerCrashPrograms(program: CrashProgram): Generator<CrashProgram> {
  const { tasks, lanes } = program
  if (tasks.length > 1)
    for (const index of tasks.keys()) yield { ...program, tasks: tasks.toSpliced(index, 1) }
  for (const [index, operations] of tasks.entries())
    for (const smaller of smallerTasks(operations, smallerOperations))
      yield { ...program, tasks: tasks.with(index, smaller) }
  if (lanes.laneCount > 1) yield { ...program, lanes: { ...lanes, laneCount: lanes.laneCount - 1 } }
}
