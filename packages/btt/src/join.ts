/**
 * Joining: taking part in a device that another thread of this process attached. What threads left that have died is put in order at once: a thread
 * that joins often comes in the place of one of them.
 *
 * What a thread is told to join is checked before it is used: a wrong size or number would have it read and write words that are something else.
 */
import {
  ClosedError,
  type BttDevice,
  type DeviceShare,
  type PmemProvider,
  type Sleepable,
} from '@bttkit/interfaces'
import { INFO_BLOCK_BYTES } from '@bttkit/btt-format'
import { ThreadRegistry } from '@bttkit/region-lanes'
import { mightSleep } from '@bttkit/sleepable'
import { compose, type EngineParts } from './compose.ts'
import {
  DESCRIPTION_VERSION,
  hasSingleAccessEntries,
  stateShapeOf,
  type ArenaDescription,
  type DeviceDescription,
} from './device-description.ts'
import { DeviceThread } from './device-thread.ts'
import { SharedGate } from './shared-gate.ts'
import { Storage } from './storage.ts'
import { VolatileState } from './volatile-state.ts'

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 1
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

/** As far as sizes and places follow from it. Arenas begin behind byte 0 or at it. */
function isArena(value: unknown, laneCount: number, size: number): value is ArenaDescription {
  if (!isObject(value) || !isObject(value['info'])) return false
  const { offset } = value
  const { nfree, externalNlba, internalNlba, info2off } = value['info']
  if (!isCount(nfree) || !isCount(externalNlba) || !isCount(internalNlba) || !isCount(info2off)) return false
  const isPlaced = offset === 0 || isCount(offset)
  return isPlaced && nfree >= laneCount && offset + info2off + INFO_BLOCK_BYTES <= size
}

/** Whether it is a description that `share` of this engine made, as far as can be told. */
function isDescription(value: unknown): value is DeviceDescription {
  if (!isObject(value) || value['version'] !== DESCRIPTION_VERSION) return false
  const { arenas, laneCount, size, isShared } = value
  if (!isCount(laneCount) || !isCount(size) || isShared !== true) return false
  if (!Array.isArray(arenas) || arenas.length === 0) return false
  return arenas.every((arena) => isArena(arena, laneCount, size))
}

/** @throws {TypeError} for storage that cannot be what the attachment has. */
function assertSameStorage(storage: Storage, description: DeviceDescription): void {
  const { size, readOnly, looksUpUnderLock } = description
  if (storage.size !== size)
    throw new TypeError(`${storage.name} has ${storage.size} bytes, and the attached storage has ${size}`)
  if (readOnly) return
  if (storage.provider.readOnly)
    throw new TypeError(`${storage.name} is open for reading only, and was attached for writing`)
  if (!looksUpUnderLock && !hasSingleAccessEntries(storage)) {
    throw new TypeError(
      `${storage.name} can tear a map entry between threads, and the others rest on storage that does not`,
    )
  }
  storage.assertSafeToWrite()
}

/** See `Engine.join`. The caller closes the storage when this fails. */
export function* join(provider: PmemProvider, parts: EngineParts, share: DeviceShare): Sleepable<BttDevice> {
  const { description, state: buffer } = share
  if (!isDescription(description) || !(buffer instanceof SharedArrayBuffer))
    throw new TypeError('what is to be joined is not a device that this engine shared')
  const storage = new Storage(provider)
  assertSameStorage(storage, description)
  if (storage.mayWait) mightSleep(storage.name, 'joining')
  const state = VolatileState.over(stateShapeOf(description), buffer)
  const thread = new DeviceThread(new ThreadRegistry(state.threads))
  let isReady = false
  try {
    if (new SharedGate(state.gate, thread).isClosed)
      throw new ClosedError(
        { image: description.info.image },
        'the device was closed by the thread that attached it',
      )
    const device = compose({ storage, description, state, parts, thread, isOwner: false })
    yield* thread.recoverDead()
    isReady = true
    return device
  } finally {
    if (!isReady) thread.leave()
  }
}
