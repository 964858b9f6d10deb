import { cpSync, mkdtempSync, openSync, closeSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ConformanceStorage } from '@bttkit/pmem-conformance'
import { ChunkProvider } from './chunk-provider.js'
import { readMark } from './log-file.js'

/** Chunks that are small enough for the suite to tear a write in two. */
const CHUNK_BYTES = 4096

export function openChunks(
  folder: string,
  options: { readOnly?: boolean; createSizeBytes?: number } = {},
): ChunkProvider {
  return new ChunkProvider(folder, { readOnly: false, chunkBytes: CHUNK_BYTES, level: 1, ...options })
}

/** An image that one test has for itself. */
export interface ChunkStorage extends ConformanceStorage {
  readonly provider: ChunkProvider
  readonly folder: string
}

export function chunkStorage(createSizeBytes: number): ChunkStorage {
  const scratch = mkdtempSync(join(tmpdir(), 'chunks-'))
  const folder = join(scratch, 'disk')
  return {
    folder,
    provider: openChunks(folder, { createSizeBytes }),
    reopen: (options) => openChunks(folder, options),
    crash: () => openChunks(afterPowerCut(folder, join(scratch, 'after'))),
    cleanUp: () => rmSync(scratch, { recursive: true }),
  }
}

/** The image as a disk has it that lost whatever was not flushed. */
export function afterPowerCut(folder: string, copy: string): string {
  cpSync(folder, copy, { recursive: true })
  const log = join(copy, 'log')
  const fd = openSync(log, 'r')
  truncateSync(log, readMark(fd))
  closeSync(fd)
  return copy
}
