import { constants } from 'node:fs'
import { open, rm, type FileHandle } from 'node:fs/promises'
import { CommandError, describeSystemError } from '@bttkit/command-line'
import type { ByteOutput } from './byte-output.ts'
import { makeFile } from './interrupted-file.ts'
import { writePart, writeSparsely } from './sparse-write.ts'

interface Opened {
  readonly path: string
  readonly handle: FileHandle
  /** Only of a file that was made here, and has to go when the work fails: from its call on it stays. */
  readonly keep: (() => void) | undefined
  /** Whether it was emptied, so that what is not written reads as zeros. */
  readonly isEmpty: boolean
  /** Whether it is a pipe or the like, in which nobody can say where to write. */
  readonly isSequential: boolean
}

/** A file, new or overwritten, a block device, or anything else that takes bytes. */
class FileOutput implements ByteOutput {
  private readonly opened: Opened
  private position = 0

  constructor(opened: Opened) {
    this.opened = opened
  }

  async write(bytes: Uint8Array): Promise<void> {
    await named(this.opened.path, async () => {
      const { handle, isEmpty, isSequential } = this.opened
      if (isEmpty) await writeSparsely(handle, bytes, this.position)
      else await writePart(handle, bytes, 0, bytes.length, isSequential ? null : this.position)
    })
    this.position += bytes.length
  }

  async finish(): Promise<void> {
    await named(this.opened.path, async () => {
      // A pipe has nothing that could be made durable.
      if (!this.opened.isSequential) await this.opened.handle.sync()
      await this.opened.handle.close()
    })
    this.opened.keep?.()
  }

  async abandon(): Promise<void> {
    try {
      await this.opened.handle.close()
    } catch {
      // It may be closed already; what stopped the work says more.
    }
    await unmake(this.opened.path, this.opened.keep)
  }
}

async function named<T>(path: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body()
  } catch (cause) {
    throw new CommandError(`${path}: ${describeSystemError(cause)}`, { cause })
  }
}

interface Target {
  readonly handle: FileHandle
  /** For a file that was made here: from now on it stays, whatever happens. */
  readonly keep: (() => void) | undefined
}

async function openEither(path: string): Promise<Target> {
  const keep = makeFile(path)
  try {
    // Without O_TRUNC: what is there is looked at first. O_CREAT is for a symbolic link to a file that does not exist yet.
    return { handle: await open(path, constants.O_WRONLY | constants.O_CREAT), keep }
  } catch (error) {
    await unmake(path, keep)
    throw error
  }
}

async function unmake(path: string, keep: (() => void) | undefined): Promise<void> {
  if (keep === undefined) return
  keep()
  await rm(path, { force: true })
}

async function prepare(path: string, { handle, keep }: Target, sizeBytes: number): Promise<Opened> {
  const stats = await handle.stat()
  const isFile = stats.isFile()
  if (isFile) {
    await handle.truncate(0)
    await handle.truncate(sizeBytes)
  }
  return { path, handle, keep, isEmpty: isFile, isSequential: !isFile && !stats.isBlockDevice() }
}

/** Opens a file or device to be overwritten from its beginning, and makes a file of `sizeBytes` where there is none. @throws {CommandError} */
export async function openFileOutput(path: string, sizeBytes: number): Promise<ByteOutput> {
  return named(path, async () => {
    const target = await openEither(path)
    try {
      return new FileOutput(await prepare(path, target, sizeBytes))
    } catch (error) {
      await target.handle.close()
      await unmake(path, target.keep)
      throw error
    }
  })
}
