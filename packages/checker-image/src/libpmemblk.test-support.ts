/** libpmemblk itself, where it is installed. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type koffiModule from 'koffi'

type Koffi = typeof koffiModule

/** An open pool. */
type Pool = unknown

interface PmemblkCalls {
  /** pmemblk_check(3): 1 where the pool is consistent, 0 where it is not, -1 where it cannot be told. */
  readonly check: (path: string, blockBytes: number) => number
  readonly open: (path: string, blockBytes: number) => Pool
  readonly close: (pool: Pool) => void
  readonly blockCount: (pool: Pool) => number
  /** Both: 0, or -1. */
  readonly read: (pool: Pool, target: Uint8Array, block: number) => number
  readonly write: (pool: Pool, source: Uint8Array, block: number) => number
  readonly lastError: () => string
}

function bind(koffi: Koffi): PmemblkCalls {
  const library = koffi.load('libpmemblk.so.1')
  return {
    check: library.func('int pmemblk_check(const char *path, size_t blockBytes)'),
    open: library.func('void *pmemblk_open(const char *path, size_t blockBytes)'),
    close: library.func('void pmemblk_close(void *pool)'),
    blockCount: library.func('size_t pmemblk_nblock(void *pool)'),
    read: library.func('int pmemblk_read(void *pool, _Out_ void *target, int64_t block)'),
    write: library.func('int pmemblk_write(void *pool, const void *source, int64_t block)'),
    lastError: library.func('const char *pmemblk_errormsg()'),
  }
}

/** Undefined where there is no libpmemblk.so.1, or koffi does not load. */
function loadPmemblk(): PmemblkCalls | undefined {
  try {
    const koffi: Koffi = createRequire(import.meta.url)('koffi')
    return bind(koffi)
  } catch {
    return undefined
  }
}

const pmemblk = loadPmemblk()
const BLOCK_BYTES = 4096
/** Of so many blocks one is written. */
const WRITE_EVERY = 16
/** Memory, where there is such a directory. */
const scratchRoot = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

/** What libpmemblk makes of a pool: the blocks that it reads otherwise than we do, `lost` for those that it must not read, and those that it cannot write. */
function* wrongBlocks(
  { read, write }: PmemblkCalls,
  pool: Pool,
  expected: readonly (Uint8Array | 'lost')[],
): Generator<string> {
  const block = new Uint8Array(BLOCK_BYTES)
  for (const [lba, content] of expected.entries()) {
    const isRead = read(pool, block, lba) === 0
    if (isRead !== (content !== 'lost')) yield `block ${lba} is ${isRead ? 'read' : 'not read'}`
    else if (content !== 'lost' && Buffer.compare(block, content) !== 0) yield `block ${lba} reads otherwise`
    if (lba % WRITE_EVERY !== 0 && content !== 'lost') continue
    if (write(pool, block.fill(lba), lba) !== 0) yield `block ${lba} cannot be written`
    if (read(pool, block.fill(0), lba) !== 0 || block[0] !== (lba & 0xff))
      yield `block ${lba} is not as it was written`
  }
}

/** Opens a pool of blocks of 4096 bytes by libpmemblk, reads all blocks, and writes some. Returns what is wrong; nothing where libpmemblk is not installed. */
export function pmemblkComplaints(bytes: Uint8Array, expected: readonly (Uint8Array | 'lost')[]): string[] {
  if (pmemblk === undefined) return []
  const directory = mkdtempSync(join(scratchRoot, 'bttkit-pool-'))
  try {
    const path = join(directory, 'pool')
    writeFileSync(path, bytes)
    if (pmemblk.check(path, BLOCK_BYTES) !== 1) return [`not consistent: ${pmemblk.lastError()}`]
    const pool = pmemblk.open(path, BLOCK_BYTES)
    if (pool === null) return [`cannot be opened: ${pmemblk.lastError()}`]
    const complaints = [...wrongBlocks(pmemblk, pool, expected)]
    if (pmemblk.blockCount(pool) !== expected.length) complaints.push('another number of blocks')
    pmemblk.close(pool)
    if (pmemblk.check(path, BLOCK_BYTES) !== 1) complaints.push('not consistent after writing')
    return complaints
  } finally {
    rmSync(directory, { recursive: true })
  }
}
