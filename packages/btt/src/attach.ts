/**
 * Attaching: find the BTT, judge it, complete what was interrupted, set up the volatile state.
 *
 * Never formats, and writes nothing but the map entries of interrupted writes, after a flush of what others left; a read-only attach keeps those in memory. What cannot be
 * written to safely (an info block that only its backup speaks for, a flog that does not add up) can still be attached for reading, and says why.
 */
import {
  LaneMisuseError,
  PoolWithoutLayoutError,
  ReadOnlyError,
  WriteRefusedError,
  FlogError,
  type AttachOptions,
  type BttDevice,
  type BttInfo,
  type LaneTableFactory,
  type LockTableFactory,
  type MaybeSleep,
  type PmemProvider,
  type ReadTrackingFactory,
  type Sleepable,
} from '@bttkit/interfaces'
import { DEFAULT_NFREE, FLAG_ERROR, MAP_ENTRY_BYTES, normalEntry, sectorShape } from '@bttkit/btt-format'
import { mightSleep } from '@bttkit/sleepable'
import { Arena } from './arena.ts'
import { AttachedBtt } from './btt-device.ts'
import { Counters } from './counters.ts'
import { describeBtt } from './describe-btt.ts'
import type { Attachment } from './attachment.ts'
import { findBtt, type FoundArena } from './find-btt.ts'
import { LaneBuffers } from './lane-buffers.ts'
import { OperationGate } from './operation-gate.ts'
import { attachPoolWithoutLayout } from './pool-without-layout.ts'
import { readFlogs, type JudgedArena, type JudgedBtt } from './read-flog.ts'
import { Storage } from './storage.ts'
import { VolatileState, type ArenaWords } from './volatile-state.ts'

/** What an attachment is composed of beside the engine. */
export interface EngineParts {
  readonly laneTable: LaneTableFactory
  readonly lockTable: LockTableFactory
  readonly readTracking: ReadTrackingFactory
}

/** @throws {WriteRefusedError} {FlogError} with the first reason not to write to what was found. */
function assertWritable(image: string, btt: JudgedBtt): void {
  const remedy = 'attach it read-only, or repair it first'
  for (const [arena, { doubts, flog }] of btt.arenas.entries()) {
    if (doubts[0] !== undefined) throw new WriteRefusedError({ image, arena }, `${doubts[0]}; ${remedy}`)
    const [problem] = flog.problems
    if (problem !== undefined)
      throw new FlogError({ image, arena, lane: problem.lane }, `${problem.problem}; ${remedy}`)
  }
}

/** An arena whose info block carries the error flag is not written, so its interrupted writes are completed in memory only. */
function isFlagged(arena: FoundArena): boolean {
  return (arena.info.flags & FLAG_ERROR) !== 0
}

/** Completes interrupted writes on the media: the map entries, then their durability. */
function* recover(storage: Storage, arena: JudgedArena): Sleepable<void> {
  const entry = new DataView(new ArrayBuffer(MAP_ENTRY_BYTES))
  const bytes = new Uint8Array(entry.buffer)
  let wait: MaybeSleep
  for (const { premap, block } of arena.flog.pending) {
    const offset = arena.offset + arena.info.mapoff + premap * MAP_ENTRY_BYTES
    entry.setUint32(0, normalEntry(block), true)
    if ((wait = storage.write(offset, bytes, 0, MAP_ENTRY_BYTES)) !== undefined) yield wait
    if ((wait = storage.persist(offset, MAP_ENTRY_BYTES)) !== undefined) yield wait
  }
}

function pendingEntries({ flog }: JudgedArena): Map<number, number> {
  return new Map(flog.pending.map(({ premap, block }) => [premap, normalEntry(block)]))
}

function chooseLaneCount(image: string, btt: JudgedBtt, wanted: number | undefined): number {
  const most = btt.arenas.reduce((least, { info }) => Math.min(least, info.nfree), DEFAULT_NFREE)
  if (wanted === undefined) return most
  if (Number.isSafeInteger(wanted) && wanted >= 1 && wanted <= most) return wanted
  throw new LaneMisuseError({ image }, `${wanted} lanes were asked for, and the image has from 1 to ${most}`)
}

/** Fills the free list of an arena from its flog. Blocks of lanes with a problem are never used: such an arena is not written. */
function loadFreeList(words: ArenaWords, arena: JudgedArena): void {
  for (const [lane, { freeBlock, position }] of arena.flog.lanes.entries()) {
    words.freeBlocks[lane] = freeBlock
    words.positions[lane] = position
  }
  if (isFlagged(arena)) words.errorState[0] = 1
}

function compose(storage: Storage, btt: JudgedBtt, parts: EngineParts, options: AttachOptions): AttachedBtt {
  const { readOnly = false } = options
  const found = describeBtt(storage.name, btt)
  // By now an attach for writing has recovered what there was to recover.
  const isRecovered = !readOnly && found.state === 'needs-recovery'
  const info: BttInfo = isRecovered ? { ...found, state: 'clean' } : found
  const laneCount = chooseLaneCount(storage.name, btt, options.laneCount)
  const state = new VolatileState(
    laneCount,
    btt.arenas.map((arena) => arena.info.nfree),
  )
  const buffers = new LaneBuffers(laneCount, info.sectorSize + info.metadataSize)
  let firstLba = 0
  const attachArena = (arena: JudgedArena, index: number): Arena => {
    const words = state.takeArena(arena.info.nfree)
    loadFreeList(words, arena)
    const attached = new Arena({
      index,
      offset: arena.offset,
      info: arena.info,
      firstLba,
      slots: arena.flog.slots,
      storage,
      buffers,
      words,
      mapLocks: parts.lockTable(words.mapLocks),
      readTracking: parts.readTracking(words.tracking),
      pending: readOnly || isFlagged(arena) ? pendingEntries(arena) : new Map(),
    })
    firstLba += arena.info.externalNlba
    return attached
  }
  const [first, ...others] = btt.arenas
  const attachment: Attachment = {
    ...sectorShape(first.info.externalLbasize),
    storage,
    arenas: [attachArena(first, 0), ...others.map((arena, index) => attachArena(arena, index + 1))],
    sectorCount: info.sectorCount,
    lanes: parts.laneTable(state.lanes, options.lanePolicy ?? 'first-idle'),
    buffers,
    counters: new Counters(),
    gate: new OperationGate(storage),
    initialSectors: options.initialSectors ?? 'zeros',
    noMetadata: new Uint8Array(info.metadataSize),
    laneHint: 0,
  }
  return new AttachedBtt(attachment, info, readOnly)
}

/** Finds and attaches a BTT; see `Engine.attach`. The caller holds the lock of the storage and closes it when this fails. */
export function* attach(
  provider: PmemProvider,
  parts: EngineParts,
  options: AttachOptions = {},
): Sleepable<BttDevice> {
  const { readOnly = false } = options
  const storage = new Storage(provider)
  if (storage.mayWait) mightSleep(storage.name, 'attaching')
  if (!readOnly) {
    if (provider.readOnly)
      throw new ReadOnlyError({ image: storage.name }, 'the storage is open for reading only')
    storage.assertSafeToWrite()
  }
  const found = yield* findBtt(storage, options.namespaceOffset)
  if (found.kind === 'unwritten pool') {
    if (readOnly) return attachPoolWithoutLayout(storage, found)
    throw new PoolWithoutLayoutError(
      { image: storage.name },
      'the pool was never written and has no BTT yet; attach it read-only (all zeros), or create a BTT',
    )
  }
  const btt = yield* readFlogs(storage, found)
  if (!readOnly) {
    assertWritable(storage.name, btt)
    // A process that died may have left what was read here in a cache. The free list must not rest on what a power cut would take back.
    const wait = storage.flush()
    if (wait !== undefined) yield wait
    for (const arena of btt.arenas) {
      if (!isFlagged(arena)) yield* recover(storage, arena)
    }
  }
  return compose(storage, btt, parts, options)
}
