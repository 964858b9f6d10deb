/**
 * Attaching: find the BTT, judge it, put the device together, complete what was interrupted, fill the free list.
 *
 * Never formats, and writes nothing but the map entries of interrupted writes, after a flush of what others left; a read-only attach keeps those in
 * memory. What cannot be written to safely (an info block that only its backup speaks for, a flog that does not add up) can still be attached for reading, and says why.
 */
import {
  FlogError,
  InvariantError,
  PoolWithoutLayoutError,
  ReadOnlyError,
  WriteRefusedError,
  type AttachOptions,
  type BttDevice,
  type PmemProvider,
  type Sleepable,
} from '@bttkit/interfaces'
import { mightSleep } from '@bttkit/sleepable'
import { compose, type EngineParts } from './compose.ts'
import { describeDevice, isFlagged, stateShapeOf } from './device-description.ts'
import { DeviceThread } from './device-thread.ts'
import { findBtt } from './find-btt.ts'
import { completeWrite } from './interrupted-write.ts'
import { attachPoolWithoutLayout } from './pool-without-layout.ts'
import { readFlogs, type JudgedArena, type JudgedBtt } from './read-flog.ts'
import { Storage } from './storage.ts'
import { VolatileState } from './volatile-state.ts'

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

/** Fills the free lists from the flog. Blocks of lanes with a problem are never used: such an arena is not written. */
function loadFreeLists(state: VolatileState, arenas: readonly JudgedArena[]): void {
  for (const [index, arena] of arenas.entries()) {
    const words = state.arenas[index]
    if (words === undefined)
      throw new InvariantError({ arena: index }, 'the state has no words for this arena')
    for (const [lane, { freeBlock, position }] of arena.flog.lanes.entries()) {
      words.freeBlocks[lane] = freeBlock
      words.positions[lane] = position
    }
    if (isFlagged(arena)) words.errorState[0] = 1
  }
}

/**
 * Completes interrupted writes on the media, after a flush: a process that died may have left what was read in a cache, and the free list must not rest
 * on what a power cut would take back.
 */
function* recover(storage: Storage, arenas: readonly JudgedArena[]): Sleepable<void> {
  const wait = storage.flush('flog')
  if (wait !== undefined) yield wait
  for (const arena of arenas) {
    if (isFlagged(arena)) continue
    for (const write of arena.flog.pending) yield* completeWrite(storage, arena, write)
  }
}

/** The device that a judged BTT becomes. Nothing is stored before all that could refuse it has agreed. */
function* setUp(
  storage: Storage,
  btt: JudgedBtt,
  parts: EngineParts,
  options: AttachOptions,
): Sleepable<BttDevice> {
  const description = describeDevice(storage, btt, options)
  const state = VolatileState.create(stateShapeOf(description))
  const thread = description.isShared ? DeviceThread.enter(parts, state) : undefined
  let isReady = false
  try {
    const { device } = compose({ storage, description, state, parts, thread, isOwner: true })
    if (!description.readOnly) yield* recover(storage, btt.arenas)
    loadFreeLists(state, btt.arenas)
    isReady = true
    return device
  } finally {
    if (!isReady) thread?.leave()
  }
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
  if (!readOnly) assertWritable(storage.name, btt)
  return yield* setUp(storage, btt, parts, options)
}
