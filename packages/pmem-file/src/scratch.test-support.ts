import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished, type TestContext } from 'vitest'

/** A directory that is gone after the test. */
export function makeDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'bttkit-file-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** The path of a sparse file of this many bytes. */
export function makeFile(sizeBytes: number, name = 'disk.img'): string {
  const path = join(makeDirectory(), name)
  writeFileSync(path, '')
  truncateSync(path, sizeBytes)
  return path
}

function runOrSkip(context: TestContext, program: string, args: readonly string[]): string {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()
  } catch (error) {
    return context.skip(`${program} does not work here: ${String(error)}`)
  }
}

/** The path of a block device of this many bytes, over a file. */
export function makeBlockDevice(context: TestContext, sizeBytes: number): string {
  const device = runOrSkip(context, 'losetup', ['--find', '--show', makeFile(sizeBytes)])
  onTestFinished(() => {
    execFileSync('losetup', ['--detach', device])
  })
  return device
}

/** The path of a directory with a file system of its own that holds no more than this. */
export function makeSmallFileSystem(context: TestContext, sizeBytes: number): string {
  const directory = join(makeDirectory(), 'mounted')
  mkdirSync(directory)
  runOrSkip(context, 'mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes}`, 'bttkit-test', directory])
  onTestFinished(() => {
    execFileSync('umount', [directory])
  })
  return directory
}
