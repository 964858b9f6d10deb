/** The HTML page that a command makes beside what it prints: whole under its name, or not there. */
import { lstat, open, readlink, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { CommandError, UsageError } from '@bttkit/command-line'
import { makeFile } from './interrupted-file.ts'
import { naming } from './naming.ts'
import { checkOutput, type OutputKind } from './output-files.ts'
import { refuseImageItself } from './same-file.ts'
import type { ImageToOpen } from './with-image.ts'

/** Its first lines say who made it. */
const PAGE: OutputKind = {
  name: 'page of btt',
  otherwise: 'name another file',
  isOne: (text) => text.startsWith('<!doctype html>') && text.slice(0, 2000).includes('content="bttkit"'),
}

/** Where a page goes, known to be writable. */
interface PageTarget {
  readonly path: string
  /** What is written first, and then gets the name; absent for what is no file, and is written as it is. */
  readonly draft: { readonly path: string; readonly keep: () => void } | undefined
}

async function unlessMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** The file that a name leads to, there or not: a link stays one. */
async function realPathOf(path: string): Promise<string> {
  const real = await unlessMissing(realpath(path))
  if (real !== undefined) return real
  const stats = await unlessMissing(lstat(path))
  return stats?.isSymbolicLink() === true
    ? realPathOf(resolve(dirname(path), await readlink(path)))
    : resolve(path)
}

async function prepare(path: string): Promise<PageTarget> {
  await checkOutput(path, PAGE, false)
  const stats = await unlessMissing(stat(path))
  if (stats?.isFile() === false) return { path, draft: undefined }
  const real = await realPathOf(path)
  const draft = `${real}.${process.pid}.part`
  const keep = makeFile(draft)
  if (keep === undefined)
    throw new CommandError(`${draft}: exists, and the page would be written there first`)
  return { path: real, draft: { path: draft, keep } }
}

async function store({ path, draft }: PageTarget, text: string): Promise<void> {
  if (draft === undefined) {
    await writeFile(path, text)
    return
  }
  const file = await open(draft.path, 'r+')
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(draft.path, path)
  draft.keep()
}

async function forget({ draft }: PageTarget): Promise<void> {
  if (draft === undefined) return
  draft.keep()
  await rm(draft.path, { force: true })
}

/** @throws {UsageError} for names of no file, or of one that the same command uses for something else */
export function checkPageName(target: ImageToOpen, path: string, undo: string | undefined): void {
  if (path === '-' || path === '') throw new UsageError('--html names a file')
  if (undo !== undefined && resolve(undo) === resolve(path))
    throw new UsageError('--html and --undo name one file')
  refuseImageItself(target, path)
}

/**
 * Opens the file of a page for `body`, which calls `write` once. What cannot be written is known before `body` begins; where `body` fails, or a signal ends the program,
 * what was there before is there still.
 *
 * @param path absent: there is no page, and `write` is absent, too
 * @throws {CommandError} naming the file
 */
export async function withPageFile<T>(
  path: string | undefined,
  body: (write: ((text: string) => Promise<void>) | undefined) => Promise<T>,
): Promise<T> {
  if (path === undefined) return body(undefined)
  const target = await naming(path, () => prepare(path))
  let isStored = false
  try {
    return await body(async (text) => {
      await naming(path, () => store(target, text))
      isStored = true
    })
  } finally {
    if (!isStored) await forget(target)
  }
}
