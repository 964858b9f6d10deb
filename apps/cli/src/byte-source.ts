/** Where the bytes to be written into an image come from. */
import { open, type FileHandle } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { CommandError, describeSystemError } from '@bttkit/command-line'

export interface ByteSource {
  /** For messages. */
  readonly name: string
  /** Bytes; absent where only reading to the end tells. */
  readonly size: number | undefined
  /** Fills the target, and returns how many bytes there were: fewer only at the end. */
  read(target: Uint8Array): Promise<number>
  close(): Promise<void>
}

export const STANDARD_INPUT = '-'

/** A file that is open for reading, from its current position on; anything that can be opened will do. */
export class FileSource implements ByteSource {
  readonly name: string
  readonly size: number | undefined
  private readonly handle: FileHandle

  constructor(name: string, handle: FileHandle, size: number | undefined) {
    this.name = name
    this.handle = handle
    this.size = size
  }

  async read(target: Uint8Array): Promise<number> {
    let done = 0
    try {
      while (done < target.length) {
        const { bytesRead } = await this.handle.read(target, done, target.length - done)
        if (bytesRead === 0) break
        done += bytesRead
      }
    } catch (cause) {
      throw new CommandError(`${this.name}: ${describeSystemError(cause)}`, { cause })
    }
    return done
  }

  async close(): Promise<void> {
    await this.handle.close()
  }
}

class StreamSource implements ByteSource {
  readonly name: string
  readonly size = undefined
  private readonly stream: Readable
  private readonly chunks: AsyncIterator<Uint8Array>
  private rest: Uint8Array = new Uint8Array(0)

  constructor(name: string, stream: Readable) {
    this.name = name
    this.stream = stream
    this.chunks = (stream as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]()
  }

  async read(target: Uint8Array): Promise<number> {
    let done = 0
    while (done < target.length) {
      if (this.rest.length === 0 && !(await this.next())) break
      const count = Math.min(this.rest.length, target.length - done)
      target.set(this.rest.subarray(0, count), done)
      this.rest = this.rest.subarray(count)
      done += count
    }
    return done
  }

  async close(): Promise<void> {
    // Otherwise the program would wait for input that it no longer wants.
    this.stream.destroy()
  }

  private async next(): Promise<boolean> {
    try {
      const { value, done } = await this.chunks.next()
      if (done === true) return false
      this.rest = value
      return true
    } catch (cause) {
      throw new CommandError(`${this.name}: ${describeSystemError(cause)}`, { cause })
    }
  }
}

async function openFileSource(path: string): Promise<FileSource> {
  let handle: FileHandle
  try {
    handle = await open(path)
  } catch (cause) {
    throw new CommandError(`${path}: ${describeSystemError(cause)}`, { cause })
  }
  const stats = await handle.stat()
  if (stats.isDirectory()) {
    await handle.close()
    throw new CommandError(`${path}: is a directory (EISDIR)`)
  }
  // Of devices and pipes the size is said to be 0.
  return new FileSource(path, handle, stats.isFile() ? stats.size : undefined)
}

/** Opens a file for `body`, or standard input when the name is `-`. @throws {CommandError} when it cannot be read */
export async function withByteSource<T>(name: string, body: (source: ByteSource) => Promise<T>): Promise<T> {
  const source =
    name === STANDARD_INPUT ? new StreamSource('standard input', process.stdin) : await openFileSource(name)
  try {
    return await body(source)
  } finally {
    await source.close()
  }
}
