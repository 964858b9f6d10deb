/** The file that takes a repair back: it is whole and durable, its name too, before anything else changes. */
import { open, readFile, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { CommandError, describeSystemError } from '@bttkit/command-line'
import { makeFile } from './interrupted-file.ts'
import { syncDirectory } from './sync-directory.ts'

async function named<T>(path: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body()
  } catch (cause) {
    if (cause instanceof CommandError) throw cause
    throw new CommandError(`${path}: ${describeSystemError(cause)}`, { cause })
  }
}

/** Refuses a name that there is already: an older undo file is worth as much as this one. */
export async function writeUndoFile(path: string, bytes: Uint8Array): Promise<void> {
  await named(path, async () => {
    const keep = makeFile(path)
    if (keep === undefined) throw new CommandError(`${path}: exists; an undo file is not overwritten`)
    try {
      const file = await open(path, 'r+')
      try {
        await file.writeFile(bytes)
        await file.sync()
      } finally {
        await file.close()
      }
      await syncDirectory(dirname(path))
    } catch (error) {
      await rm(path, { force: true })
      throw error
    } finally {
      keep()
    }
  })
}

export function readUndoFile(path: string): Promise<Uint8Array> {
  return named(path, () => readFile(path))
}
