import { mkdtemp, open, rm, type FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CommandError, describeSystemError } from '@bttkit/command-line'
import { FileSource, type ByteSource } from './byte-source.ts'

/** What is larger goes to a file. */
const IN_MEMORY_BYTES = 16 * 2 ** 20

const PIECE_BYTES = 2 ** 20

const nothing = new Uint8Array(0)

/** Bytes that were read already, in pieces of `PIECE_BYTES` but for the last. */
class MemorySource implements ByteSource {
  readonly name: string
  readonly size: number
  private readonly pieces: readonly Uint8Array[]
  private position = 0

  constructor(name: string, pieces: readonly Uint8Array[]) {
    this.name = name
    this.pieces = pieces
    this.size = pieces.reduce((sum, piece) => sum + piece.length, 0)
  }

  async read(target: Uint8Array): Promise<number> {
    let done = 0
    while (done < target.length && this.position < this.size) {
      const piece = this.pieces[Math.floor(this.position / PIECE_BYTES)] ?? nothing
      const part = piece.subarray(this.position % PIECE_BYTES).subarray(0, target.length - done)
      target.set(part, done)
      done += part.length
      this.position += part.length
    }
    return done
  }

  async close(): Promise<void> {}
}

/** A file without a name: it is gone when it is closed, however the program ends. */
async function openNameless(): Promise<FileHandle> {
  const directory = await mkdtemp(join(tmpdir(), 'btt-'))
  try {
    return await open(join(directory, 'input'), 'wx+', 0o600)
  } finally {
    await rm(directory, { recursive: true })
  }
}

/** Reads pieces of one size, the last one shorter, up to the end or past `limitBytes`. */
async function* readPieces(source: ByteSource, limitBytes: number): AsyncGenerator<Uint8Array> {
  for (let done = 0; done <= limitBytes;) {
    const piece = new Uint8Array(PIECE_BYTES)
    const count = await source.read(piece)
    if (count > 0) yield piece.subarray(0, count)
    if (count < PIECE_BYTES) return
    done += count
  }
}

/**
 * Reads a source of unknown size to its end and gives back one whose size is known: nothing may be written before it is known that all of it
 * fits. What is more than `limitBytes` is not wanted; the size is then larger than that, and perhaps not the whole.
 */
export async function spool(source: ByteSource, limitBytes: number): Promise<ByteSource> {
  const pieces: Uint8Array[] = []
  let size = 0
  let handle: FileHandle | undefined
  try {
    for await (const piece of readPieces(source, limitBytes)) {
      if (handle === undefined && size >= IN_MEMORY_BYTES) {
        handle = await openNameless()
        for (const [index, early] of pieces.entries()) await writeAt(handle, early, index * PIECE_BYTES)
        pieces.length = 0
      }
      if (handle === undefined) pieces.push(piece)
      else await writeAt(handle, piece, size)
      size += piece.length
    }
  } catch (error) {
    await handle?.close()
    throw error
  }
  // The writes above named their places, so the position is still the beginning.
  return handle === undefined
    ? new MemorySource(source.name, pieces)
    : new FileSource(source.name, handle, size)
}

async function writeAt(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  try {
    for (let done = 0; done < bytes.length;) {
      done += (await handle.write(bytes, done, bytes.length - done, position + done)).bytesWritten
    }
  } catch (cause) {
    throw new CommandError(`a temporary file in ${tmpdir()}: ${describeSystemError(cause)}`, { cause })
  }
}
