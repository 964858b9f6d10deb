/** Threads that die at each moment, in all schedules: the long run over the engine as it is. */
import {
  ExploredImage,
  exploreDeaths,
  mortalParts,
  sectors,
  type DeathProgram,
  type DeviceOperation,
  type Dying,
  type ExploredParts,
} from '@bttkit/checker-lanes'
import type { PmemProvider, ProviderShare } from '@bttkit/interfaces'
import { PassingLayer } from '@bttkit/pmem-layers'

const LBA = 3
const FAR = 20
/** The last one of its map line. */
const LAST_OF_LINE = 15
const SECTOR_BYTES = 512

/** By name, with the number that its write shall fill with. */
const OPERATIONS: Readonly<Record<string, (fill: number) => DeviceOperation>> = {
  write: (fill) => sectors('write', LBA, 1, fill),
  'write of two': (fill) => sectors('write', LBA, 2, fill),
  'write of a half': (fill) => ({ ...sectors('write', LBA, 1, fill), length: SECTOR_BYTES / 2 }),
  zero: () => sectors('zero', LBA),
  read: () => sectors('read', LBA),
  'write elsewhere': (fill) => sectors('write', FAR, 1, fill),
}
const NAMES = Object.keys(OPERATIONS)

/** A batch each, where there are lanes for it. */
const BATCHES: typeof OPERATIONS = {
  'write over two lines': (fill) => sectors('write', LAST_OF_LINE, 2, fill),
  'write of three over two lines': (fill) => sectors('write', LAST_OF_LINE - 1, 3, fill),
  'write of two halves': (fill) => ({
    kind: 'write',
    offset: (LAST_OF_LINE + 0.5) * SECTOR_BYTES,
    length: SECTOR_BYTES,
    fill,
  }),
}
/** What meets each of them in its second sector, or in its third. */
const BEHIND_THE_LINE: typeof OPERATIONS = {
  'write behind the line': (fill) => sectors('write', LAST_OF_LINE + 1, 1, fill),
  'read behind the line': () => sectors('read', LAST_OF_LINE + 1),
}

function operation(name: string, fill: number): DeviceOperation {
  const make = OPERATIONS[name] ?? BATCHES[name] ?? BEHIND_THE_LINE[name]
  if (make === undefined) throw new RangeError(`there is no operation "${name}"`)
  return make(fill)
}

interface LongProgram extends Omit<DeathProgram, 'name' | 'deaths' | 'tasks'> {
  /** Names of operations, one a task. */
  readonly tasks: readonly string[]
  readonly dying: readonly Dying[]
  /** Whether a map entry can be torn between threads. */
  readonly tears?: boolean
}

const FIRST: readonly Dying[] = [{ task: 0 }]
const IN_A_CHAIN: readonly Dying[] = [{ task: 0 }, { task: 1, inRecovery: true }]

/** One dies, one lives. */
function* pairs(): Generator<LongProgram> {
  for (const dies of NAMES)
    for (const lives of NAMES) {
      const pair = { tasks: [dies, lives], dying: FIRST }
      yield { ...pair, laneCount: 1 }
      yield { ...pair, laneCount: 2 }
      yield { ...pair, laneCount: 2, lanePolicy: 'static', hints: [0, 1] }
      yield { ...pair, laneCount: 2, tears: true }
    }
}

/** One dies, and others recover it while a third works on. */
function* recoveries(): Generator<LongProgram> {
  for (const dies of NAMES) {
    for (const lives of ['write', 'read'])
      yield { tasks: [dies, lives], newcomers: 1, laneCount: 1, dying: FIRST }
    yield { tasks: [dies, 'write', 'read'], laneCount: 1, dying: FIRST }
    yield { tasks: [dies, 'read'], newcomers: 1, laneCount: 2, dying: FIRST }
  }
  yield { tasks: ['write', 'write'], newcomers: 1, laneCount: 2, dying: FIRST }
  yield { tasks: ['read', 'write'], newcomers: 1, laneCount: 2, dying: FIRST }
}

/** One dies that has several lanes and map locks. */
function* batches(): Generator<LongProgram> {
  for (const dies of Object.keys(BATCHES))
    for (const lives of Object.keys(BEHIND_THE_LINE))
      for (const laneCount of [2, 3]) yield { tasks: [dies, lives], laneCount, dying: FIRST }
  yield { tasks: ['write behind the line', 'write over two lines'], laneCount: 2, dying: FIRST }
  yield { tasks: ['write over two lines'], newcomers: 2, laneCount: 2, dying: IN_A_CHAIN }
}

/** Two die. */
function* severalDeaths(): Generator<LongProgram> {
  for (const dies of NAMES) yield { tasks: [dies], newcomers: 2, laneCount: 1, dying: IN_A_CHAIN }
  yield { tasks: ['write', 'write', 'write elsewhere'], laneCount: 1, dying: IN_A_CHAIN }
  for (const tasks of [
    ['write', 'write'],
    ['write', 'read'],
    ['read', 'write'],
  ])
    yield { tasks, newcomers: 1, laneCount: 1, dying: [{ task: 0 }, { task: 1 }] }
}

function* programs(): Generator<LongProgram> {
  yield* pairs()
  yield* recoveries()
  yield* batches()
  yield* severalDeaths()
}

class TearingStorage extends PassingLayer {
  constructor(memory: PmemProvider) {
    super(memory, { capabilities: { atomicAccessBytes: 0 } })
  }

  protected override shareOver(shareInner: () => ProviderShare): ProviderShare {
    return shareInner()
  }
}

function tearing(): ExploredParts {
  return { ...mortalParts(), storage: (memory) => new TearingStorage(memory) }
}

function nameOf({ tasks, newcomers = 0, laneCount, lanePolicy, dying, tears }: LongProgram): string {
  const deaths = dying.map(
    ({ task, inRecovery }) => `${task + 1}${inRecovery === true ? ' in recovery' : ''}`,
  )
  const join = newcomers === 0 ? '' : `, ${newcomers} join`
  const lanes = `${laneCount} ${lanePolicy ?? 'first-idle'}${tears === true ? ', entries can be torn' : ''}`
  return `${tasks.join(' | ')}${join}; ${deaths.join(' and ')} dies; lanes: ${lanes}`
}

export interface DeathReport {
  readonly name: string
  /** Moments of death, and schedules of all of them. */
  readonly moments: number
  readonly schedules: number
  readonly steps: number
  readonly isExhaustive: boolean
  readonly problem?: string | undefined
  /** Of the problem: the program with its deaths, and the schedule. */
  readonly replay?: unknown
}

export async function* longDeaths(): AsyncGenerator<DeathReport> {
  const image = new ExploredImage()
  for (const program of programs()) {
    const name = nameOf(program)
    const { tasks, dying, tears, ...lanes } = program
    const operations = tasks.map((task, index) => [operation(task, index + 1)])
    const options = tears === true ? { makeParts: tearing } : {}
    const found = await exploreDeaths(image, { name, ...lanes, tasks: operations }, dying, options)
    const { moments, executions, pruned, steps, isExhaustive, finding } = found
    yield {
      name,
      moments,
      schedules: executions + pruned,
      steps,
      isExhaustive,
      problem: finding?.problem,
      replay: finding && { program: finding.program, schedule: finding.schedule },
    }
  }
}
