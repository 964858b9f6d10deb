/** One of the two info blocks of an arena, as it is on the media. */
import type { Sleepable } from '@bttkit/interfaces'
import {
  INFO_BLOCK_BYTES,
  decodeInfoBlock,
  hasInfoSignature,
  infoChecksum,
  infoFieldOffset,
  layoutProblems,
  type InfoBlock,
} from '@bttkit/btt-format'
import type { ImageReader } from './image-reader.ts'

interface InfoFlaw {
  readonly problem: string
  /** Byte of the block. */
  readonly at: number
}

export interface InfoCopy {
  /** Byte of the storage. */
  readonly offset: number
  /** Absent where the medium has lost it, or the storage ends before it. */
  readonly content: { readonly bytes: Uint8Array; readonly info: InfoBlock } | undefined
  /** Whether there is an info block at all, usable or not. */
  readonly hasSignature: boolean
  /** Why nothing can be read by it. Its version and its flags are no reason. */
  readonly flaws: readonly InfoFlaw[]
}

function* flawsOf(bytes: Uint8Array, info: InfoBlock, roomBytes: number): Generator<InfoFlaw> {
  if (!hasInfoSignature(bytes)) {
    const isZero = bytes.every((byte) => byte === 0)
    yield { problem: isZero ? 'it is all zeros' : 'it has no signature', at: 0 }
    return
  }
  if (infoChecksum(bytes) !== info.checksum)
    yield { problem: 'its checksum is wrong', at: infoFieldOffset('checksum') }
  for (const { field, problem } of layoutProblems(info, roomBytes))
    yield { problem, at: infoFieldOffset(field) }
}

/** @param roomBytes from the start of the arena to the end of the namespace */
export function* readInfoCopy(reader: ImageReader, offset: number, roomBytes: number): Sleepable<InfoCopy> {
  const bytes = yield* reader.read(offset, INFO_BLOCK_BYTES, 'info')
  if (bytes === undefined) {
    const flaws = [{ problem: 'it cannot be read', at: 0 }]
    return { offset, content: undefined, hasSignature: false, flaws }
  }
  const info = decodeInfoBlock(bytes)
  return {
    offset,
    content: { bytes, info },
    hasSignature: hasInfoSignature(bytes),
    flaws: [...flawsOf(bytes, info, roomBytes)],
  }
}

/** The fields by it, where it can be used. */
export function usableInfo({ content, flaws }: InfoCopy): InfoBlock | undefined {
  return flaws.length === 0 ? content?.info : undefined
}
