/** The calls of libpmemblk that the fixtures need. */
import koffi from 'koffi'

/** A pool that libpmemblk has open. What it refuses is an error with what it says. */
export interface PmemblkPool {
  readonly blockCount: number
  /** The block, or undefined where it reads as an error. */
  readonly read: (lba: number) => Uint8Array | undefined
  readonly write: (lba: number, block: Uint8Array) => void
  readonly setZero: (lba: number) => void
  readonly setError: (lba: number) => void
  readonly close: () => void
}

export interface Libpmemblk {
  readonly open: (path: string, blockBytes: number) => PmemblkPool
  readonly create: (path: string, blockBytes: number, sizeBytes: number) => PmemblkPool
  /** Whether it calls a closed pool consistent. */
  readonly check: (path: string, blockBytes: number) => boolean
}

const MODE = 0o600

/** libpmemblk of this machine, or undefined where there is none. */
export function loadLibpmemblk(): Libpmemblk | undefined {
  // The pools are to survive no power cut, and msync takes a hundred times as long.
  process.env['PMEM_IS_PMEM_FORCE'] = '1'
  let library: ReturnType<typeof koffi.load>
  try {
    library = koffi.load('libpmemblk.so.1')
  } catch {
    return undefined
  }
  const call = {
    open: library.func('void *pmemblk_open(const char *path, size_t bsize)'),
    create: library.func(
      'void *pmemblk_create(const char *path, size_t bsize, size_t poolsize, uint32_t mode)',
    ),
    check: library.func('int pmemblk_check(const char *path, size_t bsize)'),
    close: library.func('void pmemblk_close(void *pool)'),
    nblock: library.func('size_t pmemblk_nblock(void *pool)'),
    read: library.func('int pmemblk_read(void *pool, _Out_ uint8_t *buffer, int64_t block)'),
    write: library.func('int pmemblk_write(void *pool, const uint8_t *buffer, int64_t block)'),
    setZero: library.func('int pmemblk_set_zero(void *pool, int64_t block)'),
    setError: library.func('int pmemblk_set_error(void *pool, int64_t block)'),
    message: library.func('const char *pmemblk_errormsg(void)'),
  }
  const mustBe0 = (status: unknown): void => {
    if (status !== 0) throw new Error(`libpmemblk: ${String(call.message())}`)
  }
  const poolAt = (pool: unknown, blockBytes: number): PmemblkPool => {
    if (pool === null) throw new Error(`libpmemblk: ${String(call.message())}`)
    return {
      blockCount: Number(call.nblock(pool)),
      read: (lba) => {
        const block = new Uint8Array(blockBytes)
        return call.read(pool, block, lba) === 0 ? block : undefined
      },
      write: (lba, block) => mustBe0(call.write(pool, block, lba)),
      setZero: (lba) => mustBe0(call.setZero(pool, lba)),
      setError: (lba) => mustBe0(call.setError(pool, lba)),
      close: () => void call.close(pool),
    }
  }
  return {
    open: (path, blockBytes) => poolAt(call.open(path, blockBytes), blockBytes),
    create: (path, blockBytes, sizeBytes) =>
      poolAt(call.create(path, blockBytes, sizeBytes, MODE), blockBytes),
    check: (path, blockBytes) => call.check(path, blockBytes) === 1,
  }
}
