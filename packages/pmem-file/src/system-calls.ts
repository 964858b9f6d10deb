import { spawnSync } from 'node:child_process'
import { fdatasync, fdatasyncSync, fstatSync, fsyncSync, ftruncateSync, readSync, writeSync } from 'node:fs'
import { findBadBlocks } from '@bttkit/image-file'
import type { ByteRange } from '@bttkit/interfaces'
import { loadNative, type NativeCalls } from './native.ts'

/** How a helper program ended. */
export interface ProgramResult {
  /** Undefined where the program is not there, or was killed. */
  readonly exitCode: number | undefined
  readonly stdout: string
  readonly stderr: string
}

/**
 * What a file provider asks of the operating system. A provider takes it as an option, so that a program can count or
 * replace the calls, and so that storage that fails can be stood in for; `systemCalls` is the real one.
 *
 * All of them throw the errors of `node:fs`, or pass them to `done`.
 */
export interface SystemCalls {
  /** pread: how many bytes were read, perhaps fewer than asked for; 0 at the end of the file. */
  readonly read: (fd: number, target: Uint8Array, start: number, length: number, position: number) => number
  /** pwrite: how many bytes were written, perhaps fewer than asked for. */
  readonly write: (fd: number, source: Uint8Array, start: number, length: number, position: number) => number
  /** fdatasync on another thread. */
  readonly fdatasync: (fd: number, done: (error: Error | null) => void) => void
  /** fdatasync on this thread. */
  readonly fdatasyncSync: (fd: number) => void
  readonly fsync: (fd: number) => void
  readonly truncate: (fd: number, sizeBytes: number) => void
  /** What the kernel knows to be lost of a block device of this size: in order and apart. Undefined where it keeps no list. */
  readonly badBlocks: (fd: number, sizeBytes: number) => readonly ByteRange[] | undefined
  /** The calls that Node lacks, where they can be made. */
  readonly native: NativeCalls | undefined
  /** Runs a program to its end with `fd` as its descriptor 3. */
  readonly run: (program: string, args: readonly string[], fd: number) => ProgramResult
}

function run(program: string, args: readonly string[], fd: number): ProgramResult {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    stdio: ['ignore', 'pipe', 'pipe', fd],
    env: { ...process.env, LC_ALL: 'C' },
    encoding: 'utf8',
  })
  return { exitCode: status ?? undefined, stdout: stdout ?? '', stderr: error?.message ?? stderr.trim() }
}

export const systemCalls: SystemCalls = Object.freeze({
  read: readSync,
  write: writeSync,
  fdatasync,
  fdatasyncSync,
  fsync: fsyncSync,
  truncate: ftruncateSync,
  badBlocks: (fd: number, sizeBytes: number) =>
    findBadBlocks(fstatSync(fd, { bigint: true }).rdev, sizeBytes),
  // Late, because loading koffi takes longer than opening a file, and a reader without a lock never needs it.
  get native() {
    return loadNative()
  },
  run,
})
