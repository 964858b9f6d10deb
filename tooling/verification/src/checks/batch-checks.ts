/** Group commit: batches beside each other, and power failures in their midst. */
import { checkCrashes, type CrashOperation } from '@bttkit/checker-crash'
import {
  ExploredImage,
  sectors,
  type DeviceOperation,
  type ExploredLaneSetting,
  type ExploredParts,
} from '@bttkit/checker-lanes'
import { MAP_ENTRY_BYTES } from '@bttkit/btt-format'
import type { PmemProvider } from '@bttkit/interfaces'
import { FaultLayer } from '@bttkit/pmem-layers'
import type { PowerFailModel } from '@bttkit/pmem-power-fail'
import { writeOverBadMedia } from './bad-media-check.ts'
import { runAll, runCases, type Check } from './check.ts'
import { crashVerdict } from './crash-checks.ts'
import { smallImage } from './images.ts'
import { FAULTS, failEach } from './one-failing-call-check.ts'
import { entryOffset, verdictOn } from './schedule-checks.ts'
import type { SectorWrite } from './sector-model.ts'
import type { Subject } from '../subject.ts'

const SECTOR_BYTES = 512
const LBA = 3
const FAR = 20
/** In a third line of the map. */
const ELSEWHERE = 40
/** The last sector of a map line. A batch from there on has two map locks. */
const LAST_OF_LINE = 15

/** From the middle of a sector to the middle of another one. */
function middles(first: number, last: number, fill: number): DeviceOperation {
  const offset = (first + 0.5) * SECTOR_BYTES
  return { kind: 'write', offset, length: (last - first) * SECTOR_BYTES, fill }
}

interface BatchProgram {
  readonly name: string
  readonly laneCount: number
  readonly tasks: readonly (readonly DeviceOperation[])[]
  /** Absent: all schedules. */
  readonly maxPreemptions?: number
}

/** Of batches that meet each other and others in lanes, map locks, map entries and the read tracking. */
export const BATCH_PROGRAMS: readonly BatchProgram[] = [
  {
    name: 'two batches of the same sectors in two map lines',
    laneCount: 4,
    tasks: [[sectors('write', LAST_OF_LINE, 2, 1)], [sectors('write', LAST_OF_LINE, 2, 2)]],
  },
  {
    name: 'a batch, and one that begins in its middle',
    laneCount: 4,
    tasks: [[sectors('write', LAST_OF_LINE - 1, 2, 1)], [sectors('write', LAST_OF_LINE, 2, 2)]],
  },
  {
    name: 'two batches, and lanes for one and a half',
    laneCount: 3,
    tasks: [[sectors('write', LBA, 2, 1)], [sectors('write', LBA + 1, 2, 2)]],
  },
  {
    name: 'two requests, and lanes for one batch',
    laneCount: 2,
    tasks: [[sectors('write', LBA, 3, 1)], [sectors('write', LBA + 1, 2, 2)]],
    maxPreemptions: 2,
  },
  {
    name: 'a batch of three sectors and a reader of them',
    laneCount: 4,
    tasks: [[sectors('write', LBA, 3, 1)], [sectors('read', LBA, 3)]],
  },
  {
    name: 'two batches one after the other, and a reader of what the first gives up and the second writes',
    laneCount: 3,
    tasks: [[sectors('write', LBA, 2, 1), sectors('write', FAR, 2, 2)], [sectors('read', LBA, 2)]],
    maxPreemptions: 3,
  },
  {
    name: 'a batch of two parts and a sector, and a write of each part',
    laneCount: 4,
    tasks: [[middles(LBA, LBA + 2, 1)], [sectors('write', LBA, 1, 2), sectors('write', LBA + 2, 1, 3)]],
    maxPreemptions: 2,
  },
  {
    name: 'two batches of parts of the same sectors',
    laneCount: 4,
    tasks: [[middles(LBA, LBA + 1, 1)], [middles(LBA, LBA + 1, 2)]],
    maxPreemptions: 2,
  },
  {
    name: 'a batch over two map lines, and a zeroing of them',
    laneCount: 3,
    tasks: [[sectors('write', LAST_OF_LINE, 2, 1)], [sectors('zero', LAST_OF_LINE - 1, 4)]],
  },
  {
    name: 'a batch, a writer of one sector and a reader',
    laneCount: 3,
    tasks: [[sectors('write', LBA, 2, 1)], [sectors('write', LBA + 1, 1, 2)], [sectors('read', LBA + 1)]],
    maxPreemptions: 2,
  },
]

const beside: Check = {
  name: 'batches beside each other',
  checker: 'schedules',
  run: ({ makeParts }) => {
    const image = new ExploredImage()
    return runAll(
      BATCH_PROGRAMS.map(({ name, laneCount, tasks, maxPreemptions }) => () => {
        const lanes: ExploredLaneSetting = { table: 'of the subject', laneCount }
        return verdictOn(image, { name, lanes, tasks }, makeParts, { maxPreemptions })
      }),
    )
  },
}

const failingWrite = (lba: number, fill: number): DeviceOperation => ({
  ...sectors('write', lba, 1, fill),
  mayFail: true,
})

/** The store of the map entry of a sector fails, also while a batch waits for a reader before it looks for lanes. */
const besideFailure: Check = {
  name: 'batches beside a write that fails',
  checker: 'schedules',
  run: ({ makeParts }) => {
    const image = new ExploredImage()
    const failing = (): ExploredParts => {
      const parts = makeParts()
      const storage = (memory: PmemProvider): PmemProvider => {
        const offset = entryOffset(memory, image.namespaceOffset, FAR)
        const faults = [{ on: 'write', effect: 'error', offset, length: MAP_ENTRY_BYTES }] as const
        return new FaultLayer(parts.storage?.(memory) ?? memory, { faults })
      }
      return { ...parts, storage }
    }
    const batch: DeviceOperation = { ...sectors('write', ELSEWHERE, 2, 3), mayFail: true }
    const program = (name: string, laneCount: number, tasks: DeviceOperation[][]) => () =>
      verdictOn(image, { name, lanes: { table: 'of the subject', laneCount }, tasks }, failing, {
        maxPreemptions: 1,
      })
    return runAll([
      program('a batch and a writer that fails', 2, [[failingWrite(FAR, 2)], [batch]]),
      program('a reader, a writer of what it reads, a writer that fails, and a batch', 3, [
        [sectors('read', LBA)],
        [failingWrite(LBA, 1)],
        [failingWrite(FAR, 2)],
        [batch],
      ]),
    ])
  },
}

/** Batches of two, three and four sectors, whole and with parts at their ends, and one after the other in the same lanes. */
export function batchOperations(sectorSize: number): CrashOperation[] {
  return [
    { kind: 'write', lba: 33, count: 3, value: 1 },
    { kind: 'write-bytes', offset: 33 * sectorSize + 100, length: 2 * sectorSize, value: 2 },
    { kind: 'write', lba: 47, count: 2, value: 3 },
    { kind: 'write', lba: 32, count: 5, value: 4 },
    { kind: 'zero', lba: 33, count: 2 },
    { kind: 'write', lba: 33, count: 4, value: 5 },
  ]
}

export const AFTER_BATCHES: readonly CrashOperation[] = [
  { kind: 'write', lba: 33, count: 4, value: 8 },
  { kind: 'write', lba: 46, count: 3, value: 9 },
]

/** Classes for each point, of which a bug may make more than anybody can run. */
const LIMIT = 300
const MODELS: readonly PowerFailModel[] = ['px86', 'buffered']

const cut: Check = {
  name: 'batches, and their recovery',
  checker: 'crashes',
  run: ({ engine }) =>
    runAll(
      MODELS.map((model) => () => {
        const image = smallImage(engine, 512, { nfree: 4 })
        const workload = batchOperations(SECTOR_BYTES)
        const options = { engine, image, model, workload, operationsAfterwards: AFTER_BATCHES, limit: LIMIT }
        // The long run does so under every model.
        const duringRecovery = model === 'buffered'
        return crashVerdict(`batches, ${model}`, checkCrashes({ ...options, duringRecovery }))
      }),
    ),
}

/** In batches of two and three; each lane writes several times. */
const WRITES: readonly SectorWrite[] = [
  { lba: 33, fill: 1, count: 3 },
  { lba: 32, fill: 2, count: 2 },
  { lba: 33, fill: 0, count: 2 },
  { lba: 32, fill: 3, count: 4 },
  { lba: 33, fill: 4 },
  { lba: 33, fill: 5, count: 3 },
]

function* failures(subject: Subject): Generator<() => string | undefined> {
  const image = smallImage(subject.engine, 512, { nfree: 3 })
  for (const fault of FAULTS) yield* failEach(subject, { image, model: 'px86', fault, writes: WRITES })
}

const failing: Check = {
  name: 'one failing call in a batch',
  checker: 'failing storage',
  run: (subject) => runCases(failures(subject)),
}

/** A bad free block in one of the lanes. Blocks of 576 bytes share their units of 512 bytes with their neighbours. */
function* badBlocks(subject: Subject): Generator<() => string | undefined> {
  for (const lbasize of [512, 520])
    for (const lane of [0, 1]) yield () => writeOverBadMedia(subject, lbasize, lane, 300, WRITES)
}

const badMedia: Check = {
  name: 'batches on bad media',
  checker: 'failing storage',
  run: (subject) => runCases(badBlocks(subject)),
}

export const BATCH_CHECKS: readonly Check[] = [failing, badMedia, beside, besideFailure, cut]
