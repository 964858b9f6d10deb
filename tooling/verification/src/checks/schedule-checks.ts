/** Schedules of a few operations, readers among them. */
import {
  ExploredImage,
  OPERATION_PAIRS,
  explore,
  programScenario,
  sectors,
  shrink,
  smallerPrograms,
  type DeviceOperation,
  type DeviceProgram,
  type ExploreOptions,
  type ExploredParts,
} from '@bttkit/checker-lanes'
import { MAP_ENTRY_BYTES, decodeInfoBlock, mapBlock, type InfoBlock } from '@bttkit/btt-format'
import type { PmemProvider } from '@bttkit/interfaces'
import { FaultLayer } from '@bttkit/pmem-layers'
import type { Subject } from '../subject.ts'
import { runAll, type Check, type Verdict } from './check.ts'

/** Enough for two or three operations. */
const SHRINKING_EXECUTIONS = 3000

/** Runs a program under all schedules that the options ask for, and makes small what goes wrong. */
export async function verdictOn(
  image: ExploredImage,
  program: DeviceProgram,
  makeParts: () => ExploredParts,
  options: ExploreOptions = {},
): Promise<Verdict> {
  const makeScenario = (smaller: DeviceProgram) => programScenario(image, smaller, makeParts)
  const { executions, pruned, isExhaustive, findings } = await explore(makeScenario(program), options)
  const runs = executions + pruned
  const verdict = { problem: undefined, runs, states: BigInt(runs), isComplete: isExhaustive }
  const [finding] = findings
  if (finding === undefined) return verdict
  const shrinking = { makeScenario, smaller: smallerPrograms, maxExecutions: SHRINKING_EXECUTIONS }
  const startMs = performance.now()
  const { workload, schedule, steps } = await shrink(program, finding, shrinking)
  return {
    ...verdict,
    problem: `${program.name}: ${finding.problem}`,
    replay: { program: workload, schedule },
    steps,
    shrinkingMs: performance.now() - startMs,
  }
}

const LANES = [
  { name: 'one lane', laneCount: 1 },
  { name: 'two lanes', laneCount: 2 },
  { name: 'two lanes, one for each CPU', laneCount: 2, hints: [0, 1], policy: 'static' as const },
]

const pairs: readonly Check[] = LANES.map(({ name, ...lanes }) => ({
  name: `two operations, ${name}`,
  checker: 'schedules',
  run: ({ makeParts }) => {
    const image = new ExploredImage()
    return runAll(
      Object.entries(OPERATION_PAIRS).map(([pair, operations]) => () => {
        const tasks = operations.map((operation) => [operation])
        return verdictOn(
          image,
          { name: pair, lanes: { table: 'of the subject', ...lanes }, tasks },
          makeParts,
        )
      }),
    )
  },
}))

const LBA = 3
const FAR = 20

const MORE_TASKS: readonly { name: string; hints: number[]; tasks: DeviceOperation[][] }[] = [
  {
    name: 'a zeroing of four sectors and a write of one of them',
    hints: [0, 1],
    tasks: [[sectors('zero', LBA, 4)], [sectors('write', LBA + 1, 1, 1)]],
  },
  {
    name: 'two readers of one CPU and a writer of another',
    hints: [0, 0, 1],
    tasks: [[sectors('read', LBA)], [sectors('read', FAR)], [sectors('write', LBA, 2, 1)]],
  },
  {
    name: 'two operations after one another, and two others',
    hints: [0, 1],
    tasks: [
      [sectors('write', LBA, 1, 1), sectors('read', LBA)],
      [sectors('write', LBA, 1, 2), sectors('read', LBA)],
    ],
  },
]

/** Takes longer than all others together. */
export const SCHEDULES_OF_SEVERAL: Check = {
  name: 'three tasks, or two operations each',
  checker: 'schedules',
  run: ({ makeParts }) => {
    const image = new ExploredImage()
    return runAll(
      MORE_TASKS.map(({ name, hints, tasks }) => () => {
        const lanes = { table: 'of the subject', laneCount: 2, hints }
        return verdictOn(image, { name, lanes, tasks }, makeParts, { maxPreemptions: 2 })
      }),
    )
  },
}

function infoOf(memory: PmemProvider, start: number): InfoBlock {
  const info = new Uint8Array(4096)
  void memory.read(start, info)
  return decodeInfoBlock(info)
}

/** Where the map entry of a sector of the explored image is on the storage. */
export function entryOffset(memory: PmemProvider, start: number, lba: number): number {
  return start + infoOf(memory, start).mapoff + lba * MAP_ENTRY_BYTES
}

/** Where the block of a sector is. */
function blockOffset(memory: PmemProvider, start: number, lba: number): number {
  const { dataoff, internalLbasize } = infoOf(memory, start)
  const entry = new Uint8Array(MAP_ENTRY_BYTES)
  void memory.read(entryOffset(memory, start, lba), entry)
  return start + dataoff + mapBlock(new DataView(entry.buffer).getUint32(0, true), lba) * internalLbasize
}

/** The parts of the subject over storage whose medium has lost the sector `LBA`. */
function withLostBlock({ makeParts }: Subject, start: number): () => ExploredParts {
  return () => {
    const parts = makeParts()
    const storage = (memory: PmemProvider): PmemProvider => {
      const inner = parts.storage?.(memory) ?? memory
      return new FaultLayer(inner, {
        mediaErrors: [{ offset: blockOffset(memory, start, LBA), length: 1 }],
      })
    }
    return { ...parts, storage }
  }
}

const LOST_READ: DeviceOperation = { ...sectors('read', LBA), mayBeLost: true }

/** A reader that marks its sector as lost, beside others. */
export function lostSectorPrograms(
  subject: Subject,
  { cache, maxPreemptions }: Pick<DeviceProgram, 'cache'> & Pick<ExploreOptions, 'maxPreemptions'>,
): (() => Promise<Verdict>)[] {
  const image = new ExploredImage()
  const makeParts = withLostBlock(subject, image.namespaceOffset)
  const program = (name: string, laneCount: number, tasks: DeviceOperation[][]) => () =>
    verdictOn(image, { name, lanes: { table: 'of the subject', laneCount }, cache, tasks }, makeParts, {
      maxPreemptions,
    })
  return [
    program('a lost sector is read and written', 2, [[LOST_READ], [sectors('write', LBA, 1, 1)]]),
    program('a lost sector is read and zeroed', 2, [[LOST_READ], [sectors('zero', LBA)]]),
    program('two writers of one lane whose free block is bad', 1, [
      [LOST_READ, sectors('write', LBA, 1, 1), sectors('write', FAR, 1, 2)],
      [sectors('write', FAR + 1, 1, 3)],
    ]),
  ]
}

const lostSector: Check = {
  name: 'a reader whose sector is lost, and writers',
  checker: 'schedules',
  run: (subject) => runAll(lostSectorPrograms(subject, { maxPreemptions: 2 })),
}

export const SCHEDULE_CHECKS: readonly Check[] = [...pairs, lostSector]
