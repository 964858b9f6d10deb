import { randomUUID } from 'node:crypto'
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { writeLogFile, type Description } from './log-file.js'
import { openError } from './system-error.js'

/** An image is a folder of two files. The lock is apart, because compaction puts another log in the place of the first. */
export const LOG_NAME = 'log'
export const LOCK_NAME = 'lock'

/**
 * Makes an image of zeros under another name, and gives it its own by a rename: it is there wholly or not at all.
 *
 * @throws {ProviderOpenError} also where there is something already
 */
export function createImage(folder: string, description: Description): void {
  try {
    const draft = `${folder}.${randomUUID()}`
    mkdirSync(draft)
    try {
      closeSync(openSync(join(draft, LOCK_NAME), 'w'))
      closeSync(writeLogFile(join(draft, LOG_NAME), description, []))
      syncFolder(draft)
      renameSync(draft, folder)
    } finally {
      rmSync(draft, { recursive: true, force: true })
    }
    syncFolder(dirname(resolve(folder)))
  } catch (error) {
    throw openError(folder, error)
  }
}

/** Makes the names in a folder durable. */
export function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r')
  fsyncSync(fd)
  closeSync(fd)
}
