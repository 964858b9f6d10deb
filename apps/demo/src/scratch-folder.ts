import { accessSync, constants, statSync, statfsSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename } from 'node:path'

const MEMORY_FOLDER = '/dev/shm'

/** Of the image and the tree together, with what the file system needs. Containers may have very little of it. */
const ROOM_BYTES = 96 * 2 ** 20

/** Where the demonstration puts its files: in memory where there is some, because four flushes a sector make a disk slow. */
export function scratchParent(memoryFolder = MEMORY_FOLDER): string {
  try {
    accessSync(memoryFolder, constants.W_OK | constants.X_OK)
    const { bavail, bsize } = statfsSync(memoryFolder)
    return statSync(memoryFolder).isDirectory() && bavail * bsize >= ROOM_BYTES ? memoryFolder : tmpdir()
  } catch {
    return tmpdir()
  }
}

const LEFT_OUT: ReadonlySet<string> = new Set(['node_modules', 'dist'])

/** Copies a source tree without what was installed or built. */
export async function copySources(from: string, to: string): Promise<void> {
  await cp(from, to, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => !LEFT_OUT.has(basename(path)),
  })
}
