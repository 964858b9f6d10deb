/** The programs of `btt explore`: every choice of a few operations that meet in lanes, map locks, map entries and the read tracking. */
import type { CrashProgram } from '@bttkit/checker-crash'
import {
  SECTOR_BYTES,
  SeededRandom,
  sectors,
  type DeviceOperation,
  type DeviceProgram,
} from '@bttkit/checker-lanes'
import type { ExploreRequest } from './explore-request.ts'

const LBA = 3
/** Of the map. */
const SECTORS_A_LINE = 16
/** A sector of an operation's own, in another line of the map than its neighbours': so they are under different map locks. */
const own = (fill: number): number => LBA + fill * SECTORS_A_LINE

function firstHalf(sector: DeviceOperation): DeviceOperation {
  return { ...sector, length: sector.length / 2 }
}

/** `fill` is the number of the operation in its program, from 1. */
const CHOICES: readonly ((fill: number) => DeviceOperation)[] = [
  (fill) => sectors('write', own(fill), 1, fill),
  (fill) => sectors('write', LBA, 1, fill),
  (fill) => sectors('write', LBA, 2, fill),
  (fill) => firstHalf(sectors('write', LBA, 1, fill)),
  () => sectors('zero', LBA),
  () => sectors('read', LBA),
]

type Size = Pick<ExploreRequest, 'lanes' | 'laneCount' | 'tasks' | 'operations'>

/** How many different things a task can do. */
const choicesOfTask = ({ operations }: Size): number => CHOICES.length ** operations

/** The digits of a task's choice, in base `CHOICES.length`, are its operations. */
function programOf(choices: readonly number[], { lanes, laneCount, operations }: Size): DeviceProgram {
  const tasks = choices.map((choice, task) =>
    Array.from({ length: operations }, (_, index) => {
      const digit = Math.floor(choice / CHOICES.length ** index) % CHOICES.length
      const make = CHOICES[digit]
      if (make === undefined) throw new RangeError(`there is no operation ${digit}`)
      return make(task * operations + index + 1)
    }),
  )
  return { name: 'btt explore', lanes: { table: lanes, laneCount }, tasks }
}

type CrashOperation = CrashProgram['tasks'][number][number]

/** The same operation for a checker of power failures. Those that are part of a sector are writes. */
function crashOperation({ kind, offset, length, fill: value = 0 }: DeviceOperation): CrashOperation {
  if (length % SECTOR_BYTES !== 0) return { kind: 'write-bytes', offset, length, value }
  const range = { lba: offset / SECTOR_BYTES, count: length / SECTOR_BYTES }
  return kind === 'write' ? { kind, ...range, value } : { kind, ...range }
}

export function crashTasks(tasks: DeviceProgram['tasks']): CrashProgram['tasks'] {
  return tasks.map((operations) => operations.map(crashOperation))
}

function* neverFalling(length: number, end: number, from = 0): Generator<number[]> {
  if (length === 0) {
    yield []
    return
  }
  for (let first = from; first < end; first++)
    for (const rest of neverFalling(length - 1, end, first)) yield [first, ...rest]
}

/** Each program once. All tasks have the same lane hint, so it makes no difference which of them does what. */
export function* allPrograms(size: Size): Generator<DeviceProgram> {
  for (const choices of neverFalling(size.tasks, choicesOfTask(size))) yield programOf(choices, size)
}

/** Without end; the same seed, the same programs. */
export function* randomPrograms(size: Size, seed: number): Generator<DeviceProgram> {
  const random = new SeededRandom(seed)
  for (;;) {
    const choices = Array.from({ length: size.tasks }, () => random.below(choicesOfTask(size)))
    yield programOf(choices, size)
  }
}
