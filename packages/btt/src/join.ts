/**
 * Joining: taking part in a device that another thread of this process attached. What threads left that have died is put in order at once: a thread
 * that joins often comes in the place of one of them.
 *
 * What a thread is told to join is checked before it is used, and so is the storage that it is given: another image of the same size would be written all over.
 */
import type { BttDevice, DeviceShare, PmemProvider, Sleepable } from '@bttkit/interfaces'
import { INFO_BLOCK_BYTES, judgeInfoBlock, type InfoBlock } from '@bttkit/btt-format'
import { mightSleep } from '@bttkit/sleepable'
import { compose, type ComposedDevice, type DevicePieces, type EngineParts } from './compose.ts'
import { isDescription } from './check-description.ts'
import { hasSingleAccessEntries, stateShapeOf, type DeviceDescription } from './device-description.ts'
import { DeviceThread } from './device-thread.ts'
import { readUnlessLost } from './read-bytes.ts'
import { Storage } from './storage.ts'
import { VolatileState } from './volatile-state.ts'

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

/** Whether this very info block is at byte `at` of the storage; from its arena's first byte on the storage has `room` bytes. */
function* hasInfoBlock(storage: Storage, at: number, room: number, info: InfoBlock): Sleepable<boolean> {
  if (room < INFO_BLOCK_BYTES || at + INFO_BLOCK_BYTES > storage.size) return false
  const bytes = yield* readUnlessLost(storage, at, INFO_BLOCK_BYTES, 'info')
  if (bytes === undefined) return false
  const verdict = judgeInfoBlock(bytes, room)
  const fields: [string, unknown][] = Object.entries(verdict.info)
  const described = new Map<string, unknown>(Object.entries(info))
  return verdict.refusal === undefined && fields.every(([name, field]) => described.get(name) === field)
}

/**
 * Its arenas are where they are described, each by its info block or the backup.
 *
 * @throws {TypeError} for storage that has another BTT than the attached one, or none
 */
function* assertSameBtt(storage: Storage, { arenas }: DeviceDescription): Sleepable<void> {
  for (const { offset, info } of arenas) {
    const room = storage.size - offset
    if (yield* hasInfoBlock(storage, offset, room, info)) continue
    if (yield* hasInfoBlock(storage, offset + info.info2off, room, info)) continue
    throw new TypeError(`${storage.name} has not the BTT that is attached`)
  }
}

function composeJoined(
  pieces: Omit<DevicePieces, 'isOwner' | 'thread'> & { thread: DeviceThread },
): ComposedDevice {
  try {
    return compose({ ...pieces, isOwner: false })
  } catch (error) {
    pieces.thread.leave()
    throw error
  }
}

/** See `Engine.join`. The caller closes the storage when this fails. */
export function* join(provider: PmemProvider, parts: EngineParts, share: DeviceShare): Sleepable<BttDevice> {
  const { description, state: buffer } = share
  if (!isDescription(description) || !(buffer instanceof SharedArrayBuffer))
    throw new TypeError('what is to be joined is not a device that this engine shared')
  const storage = new Storage(provider)
  assertSameStorage(storage, description)
  if (storage.mayWait) mightSleep(storage.name, 'joining')
  yield* assertSameBtt(storage, description)
  const state = VolatileState.over(stateShapeOf(description), buffer)
  const thread = DeviceThread.enter(parts, state)
  const { device, gate } = composeJoined({ storage, description, state, parts, thread })
  let isReady = false
  try {
    // As an operation: the device is not closed meanwhile, and given to somebody else who would not know of the recovery.
    gate.admit()
    try {
      yield* thread.recoverDead()
    } finally {
      gate.leave()
    }
    isReady = true
    return device
  } finally {
    // The recovery may have left a storage call behind, under this thread's number.
    if (!isReady) gate.whenEmpty(() => thread.leave())
  }
}
