import { OutOfRangeError, type BlockGeometry } from '@bttkit/interfaces'
import { UNIT_BYTES } from './sector-pattern.ts'

/** Who runs, and on what. */
export interface StressOptions {
  /** A whole number from 0 to 2^53. It decides everything that happens in a run on one thread. */
  readonly seed: number
  /** Tasks of a worker, from 1. */
  readonly tasks: number
  /** Threads, from 1. */
  readonly workers: number
  /** How many of the first tasks only read. */
  readonly readers: number
  /** CPUs that all tasks are spread over, from 1. */
  readonly cpus: number
  /** The run ends when so many operations have begun; default: no limit. On one thread, the whole report then repeats with the seed. */
  readonly operationLimit?: number | undefined
}

/** A run in all its numbers. A message can carry it to another thread. */
export interface StressPlan extends StressOptions {
  readonly operationLimit: number
  readonly sectorSize: number
  /** The sectors that are used: first those of all tasks, then those of which each task has a part, then each task's own. */
  readonly firstLba: number
  readonly sharedCount: number
  readonly partedCount: number
  readonly ownCount: number
  /** A run ends when it has found so many mismatches and failures: there is nothing more to learn. */
  readonly enoughFindings: number
}

/** Sectors that all tasks write: few, so that writers and readers of one sector meet often. */
export const SHARED_SECTOR_COUNT = 4
/** A sector is parted among so many tasks, if they find room in it. */
const MOST_PARTS = 8
/** Sectors of each task alone. */
const OWN_SECTORS = 4
const ENOUGH_FINDINGS = 1000
/** Of all workers; each has its log of lanes and its buffers. */
export const MOST_TASKS = 4096
/** As many threads as can share an attachment, without the one that attached it. */
export const MOST_WORKERS = 126
export const MOST_CPUS = 65_536

function checkCount(name: string, value: number, least: number, most: number): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return
  throw new TypeError(`${name}: a whole number from ${least} to ${most} is needed, not ${value}`)
}

/**
 * Lays out a run on a device: a few sectors that all tasks use, and a few for each task alone, in one range. On a device of several arenas the
 * range is about the border of the first two.
 *
 * @param firstArenaSectors sectors of arena 0
 * @throws {TypeError} for numbers out of range
 * @throws {OutOfRangeError} for a device that is too small for so many tasks, or whose sectors are
 */
export function planStress(
  device: BlockGeometry,
  firstArenaSectors: number,
  options: StressOptions,
): StressPlan {
  const { tasks, workers, readers, cpus, seed, operationLimit = Number.MAX_SAFE_INTEGER } = options
  checkCount('workers', workers, 1, MOST_WORKERS)
  checkCount('tasks', tasks, 1, Math.floor(MOST_TASKS / workers))
  const taskCount = tasks * workers
  checkCount('readers', readers, 0, taskCount)
  checkCount('CPUs', cpus, 1, MOST_CPUS)
  checkCount('seed', seed, 0, Number.MAX_SAFE_INTEGER)
  checkCount('operations', operationLimit, 1, Number.MAX_SAFE_INTEGER)
  const { sectorSize, sectorCount } = device
  const partedCount = Math.ceil(taskCount / partsOf(sectorSize))
  const needed = SHARED_SECTOR_COUNT + partedCount + taskCount * OWN_SECTORS
  if (sectorSize < UNIT_BYTES)
    throw new OutOfRangeError({}, `sectors of ${sectorSize} bytes are too small; a unit has ${UNIT_BYTES}`)
  if (sectorCount < needed)
    throw new OutOfRangeError(
      {},
      `${taskCount} tasks need ${needed} sectors, and the device has ${sectorCount}`,
    )
  const aboutBorder = firstArenaSectors < sectorCount ? firstArenaSectors - Math.floor(needed / 2) : 0
  return {
    seed,
    tasks,
    workers,
    readers,
    cpus,
    operationLimit,
    sectorSize,
    firstLba: Math.max(0, Math.min(aboutBorder, sectorCount - needed)),
    sharedCount: SHARED_SECTOR_COUNT,
    partedCount,
    ownCount: OWN_SECTORS,
    enoughFindings: ENOUGH_FINDINGS,
  }
}

export function taskCountOf({ tasks, workers }: Pick<StressPlan, 'tasks' | 'workers'>): number {
  return tasks * workers
}

/** How many sectors a run uses, from `firstLba` on. */
export function windowSectors(plan: StressPlan): number {
  return plan.sharedCount + plan.partedCount + taskCountOf(plan) * plan.ownCount
}

/** Into how many parts a sector is parted: each has one unit at least. */
function partsOf(sectorSize: number): number {
  return Math.max(1, Math.min(MOST_PARTS, Math.floor(sectorSize / UNIT_BYTES)))
}

/** A part of a sector. Bytes from the start of the sector, in whole units. */
export interface PartPlace {
  readonly lba: number
  readonly start: number
  readonly length: number
}

/** The part of a task, by its number among all. Tasks of all workers meet in each sector. */
export function partOf(plan: StressPlan, task: number): PartPlace {
  const { sectorSize, partedCount } = plan
  const length = Math.floor(sectorSize / UNIT_BYTES / partsOf(sectorSize)) * UNIT_BYTES
  const lba = plan.firstLba + plan.sharedCount + (task % partedCount)
  return { lba, start: Math.floor(task / partedCount) * length, length }
}

/** The first own sector of a task, by its number among all. */
export function ownLba(plan: StressPlan, task: number): number {
  return plan.firstLba + plan.sharedCount + plan.partedCount + task * plan.ownCount
}

/** The CPU of a task, by its number among all: neighbours share one. */
export function cpuOf(plan: Pick<StressPlan, 'tasks' | 'workers' | 'cpus'>, task: number): number {
  return Math.floor((task * plan.cpus) / taskCountOf(plan))
}
