/** Files that a command makes beside what it prints. Whether they can be made is known before it begins, and what is there is not overwritten by mistake. */
import { access, constants, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { CommandError } from '@bttkit/command-line'
import { isReplayFile, textOf } from './explore-replay-file.ts'
import { naming } from './naming.ts'

export interface OutputKind {
  /** For people. */
  readonly name: string
  /** What to do where something else is in the way. */
  readonly otherwise: string
  /** Whether a text is what such a file holds. */
  isOne(text: string): boolean
}

export const REPLAY_FILE: OutputKind = { name: 'replay file', otherwise: 'use --force', isOne: isReplayFile }
/** Its first line is that of a list, its second one an event: see `formatScheduleTrace`. */
export const TRACE: OutputKind = {
  name: 'trace',
  otherwise: 'use --force',
  isOne: (text) => text.startsWith('[\n{"ph":'),
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path, constants.F_OK)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false
    throw error
  }
}

/** Terminals and pipes lose nothing, and neither does an empty file. */
async function mayBeOverwritten(path: string, kind: OutputKind): Promise<boolean> {
  const stats = await stat(path)
  if (stats.isBlockDevice()) return false
  return !stats.isFile() || stats.size === 0 || kind.isOne(await textOf(path))
}

/**
 * @param force whether anything may be overwritten
 * @throws {CommandError} where the file cannot be written, or holds something else
 */
export async function checkOutput(path: string, kind: OutputKind, force: boolean): Promise<void> {
  await naming(path, async () => {
    if (!(await isThere(path))) {
      await access(dirname(path), constants.W_OK)
      return
    }
    if ((await stat(path)).isDirectory()) throw new CommandError(`${path}: is a directory (EISDIR)`)
    if (!force && !(await mayBeOverwritten(path, kind)))
      throw new CommandError(`${path}: holds something that is no ${kind.name} (EEXIST): ${kind.otherwise}`)
    await access(path, constants.W_OK)
  })
}

/** @throws {CommandError} */
export async function writeOutputFile(path: string, text: string): Promise<void> {
  await naming(path, () => writeFile(path, text))
}
