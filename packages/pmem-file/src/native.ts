import { createRequire } from 'node:module'
import { getSystemErrorName } from 'node:util'
import type koffiModule from 'koffi'

/** Calls of the C library that Node lacks. They answer `undefined` for success, else the name of the errno, and go on after a signal. */
export interface NativeCalls {
  /** flock(2). */
  readonly flock: (fd: number, operation: number) => string | undefined
  /** fallocate(2); absent where the C library has none. Offset and length in bytes. */
  readonly fallocate?: (fd: number, mode: number, offset: number, length: number) => string | undefined
  /** lseek(2) to where data, or a hole, begins; the offset, or the name of the errno. Absent where the C library has none of it. */
  readonly findInFile?: (fd: number, what: 'data' | 'hole', offset: number) => number | string
  /** Bytes of a block device by ioctl(2), undefined when it failed; absent where the call is not known. */
  readonly blockDeviceSize?: (fd: number) => number | undefined
}

type Koffi = typeof koffiModule
type Library = ReturnType<Koffi['load']>

/**
 * `_IOR(0x12, 114, size_t)`, in the encoding that these processors share. Others put the direction bits elsewhere,
 * and 32-bit ones have another size_t; there the size is found without it.
 */
const BLKGETSIZE64 = 0x80081272
const BLKGETSIZE64_PROCESSORS = new Set(['x64', 'arm64', 'riscv64', 'loong64', 's390x'])

const SEEK_DATA = 3
const SEEK_HOLE = 4

let loaded: { readonly calls: NativeCalls | undefined } | undefined

/** The native calls, or undefined where koffi, or its binary for this machine, is not there. Loaded once, at the first use. */
export function loadNative(): NativeCalls | undefined {
  loaded ??= { calls: tryLoad() }
  return loaded.calls
}

function tryLoad(): NativeCalls | undefined {
  try {
    const koffi: Koffi = createRequire(import.meta.url)('koffi')
    const library = koffi.load(null)
    return {
      flock: bindFlock(koffi, library),
      ...bindFallocate(koffi, library),
      ...bindFindInFile(koffi, library),
      ...bindBlockDeviceSize(library),
    }
  } catch {
    return undefined
  }
}

/** Runs a call that answers -1 and errno until no signal interrupts it. */
function untilUninterrupted(koffi: Koffi, call: () => number): string | undefined {
  for (;;) {
    if (call() !== -1) return undefined
    const errno = getSystemErrorName(-koffi.errno())
    if (errno !== 'EINTR') return errno
  }
}

function bindFlock(koffi: Koffi, library: Library): NativeCalls['flock'] {
  const flock = library.func('int flock(int fd, int operation)')
  return (fd, operation) => untilUninterrupted(koffi, () => flock(fd, operation))
}

/** 64-bit Linux only: there off_t has 64 bits whatever the C library, and the modes are Linux's. */
function bindFallocate(koffi: Koffi, library: Library): Pick<NativeCalls, 'fallocate'> {
  if (process.platform !== 'linux' || koffi.sizeof('long') !== 8) return {}
  const fallocate = library.func('int fallocate(int fd, int mode, int64_t offset, int64_t length)')
  return {
    fallocate: (fd, mode, offset, length) =>
      untilUninterrupted(koffi, () => fallocate(fd, mode, offset, length)),
  }
}

/** 64-bit Linux only, as above. The position that it moves is nobody's: the descriptor is used for nothing that has one. */
function bindFindInFile(koffi: Koffi, library: Library): Pick<NativeCalls, 'findInFile'> {
  if (process.platform !== 'linux' || koffi.sizeof('long') !== 8) return {}
  const lseek = library.func('int64_t lseek(int fd, int64_t offset, int whence)')
  return {
    findInFile(fd, what, offset) {
      const found = Number(lseek(fd, offset, what === 'data' ? SEEK_DATA : SEEK_HOLE))
      return found === -1 ? getSystemErrorName(-koffi.errno()) : found
    },
  }
}

function bindBlockDeviceSize(library: Library): Pick<NativeCalls, 'blockDeviceSize'> {
  if (process.platform !== 'linux' || !BLKGETSIZE64_PROCESSORS.has(process.arch)) return {}
  const ioctl = library.func('int ioctl(int fd, unsigned long request, _Out_ uint64_t *size)')
  return {
    blockDeviceSize(fd) {
      const size = [0]
      return ioctl(fd, BLKGETSIZE64, size) === 0 ? Number(size[0]) : undefined
    },
  }
}
