/** Reading parts of the storage before there is a device: each into bytes of its own. */
import type { CallStage, Sleepable } from '@bttkit/interfaces'
import { isBadBlockError } from './lost-sector.ts'
import type { Storage } from './storage.ts'

export function* readBytes(
  storage: Storage,
  offset: number,
  length: number,
  stage: CallStage,
): Sleepable<Uint8Array> {
  const bytes = new Uint8Array(length)
  const wait = storage.read(offset, bytes, 0, length, stage)
  if (wait !== undefined) yield wait
  return bytes
}

/** As `readBytes`; `undefined` where the medium has lost them. A place where nothing can be read says nothing, and may not keep anyone from the rest. */
export function* readUnlessLost(
  storage: Storage,
  offset: number,
  length: number,
  stage: CallStage,
): Sleepable<Uint8Array | undefined> {
  try {
    return yield* readBytes(storage, offset, length, stage)
  } catch (error) {
    if (isBadBlockError(error)) return undefined
    throw error
  }
}
