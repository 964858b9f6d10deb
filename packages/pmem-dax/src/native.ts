import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { getSystemErrorName } from 'node:util'
import type koffiModule from 'koffi'
import { bindLibpmem, type LibpmemCalls } from './libpmem.ts'

/**
 * Calls of the C library that Node lacks. Addresses are numbers: those of a program are below 2^53. A call that fails answers the
 * name of the errno, and all go on after a signal.
 */
export interface NativeCalls {
  /** Of the machine, a power of two. */
  readonly pageBytes: number
  /** mmap(2) of the whole file, shared; the address. `synchronous` asks for MAP_SYNC, which only DAX offers. */
  readonly map: (fd: number, length: number, how: MapOptions) => number | string
  readonly unmap: (address: number, length: number) => string | undefined
  /** msync(2) that waits for the storage. The address begins a page. */
  readonly sync: (address: number, length: number) => string | undefined
  /** flock(2). */
  readonly flock: (fd: number, operation: number) => string | undefined
  /** posix_fallocate(3) from the beginning of the file: where the file system cannot do it, the C library writes to each block. */
  readonly allocate: (fd: number, length: number) => string | undefined
  /** Bytes of an open file or block device, by lseek(2) to its end. */
  readonly sizeOf: (fd: number) => number | string
  /** lseek(2) to where data, or a hole, begins; the offset, or the name of the errno. */
  readonly findInFile: (fd: number, what: 'data' | 'hole', offset: number) => number | string
  /** The bytes at an address. They are only there until `unmap`. Throws where the JavaScript engine cannot take them. */
  readonly view: (address: number, length: number) => ArrayBuffer
}

interface MapOptions {
  readonly readOnly: boolean
  readonly synchronous: boolean
}

export type Koffi = typeof koffiModule
type Library = ReturnType<Koffi['load']>

// Linux's, on every processor that Node runs on.
const PROT_READ = 1
const PROT_WRITE = 2
const MAP_SHARED = 1
const MAP_SHARED_VALIDATE = 3
const MAP_SYNC = 0x80000
const MS_SYNC = 4
const SC_PAGESIZE = 30
const SEEK_END = 2
const SEEK_DATA = 3
const SEEK_HOLE = 4

let native: { readonly calls: NativeCalls | undefined } | undefined
let libpmem: { readonly calls: LibpmemCalls | undefined } | undefined

/** The native calls, or undefined where this is not 64-bit Linux or koffi does not load. Loaded once, at the first use. */
export function loadNative(): NativeCalls | undefined {
  native ??= { calls: attempt(bindNative) }
  return native.calls
}

/** The calls of libpmem.so.1, or undefined where there is none. Loaded once, at the first use. */
export function loadLibpmem(): LibpmemCalls | undefined {
  libpmem ??= { calls: attempt(bindLibpmem) }
  return libpmem.calls
}

function attempt<Result>(bind: (koffi: Koffi) => Result): Result | undefined {
  try {
    const koffi: Koffi = createRequire(import.meta.url)('koffi')
    return process.platform === 'linux' && koffi.sizeof('long') === 8 ? bind(koffi) : undefined
  } catch {
    return undefined
  }
}

function bindNative(koffi: Koffi): NativeCalls {
  const library = koffi.load(null)
  const answering = (call: () => number): string | undefined => untilUninterrupted(koffi, call)
  const munmap = library.func('int munmap(uintptr_t address, size_t length)')
  const msync = library.func('int msync(uintptr_t address, size_t length, int flags)')
  const flock = library.func('int flock(int fd, int operation)')
  return {
    pageBytes: Number(library.func('long sysconf(int name)')(SC_PAGESIZE)),
    map: bindMap(koffi, library),
    unmap: (address, length) => answering(() => munmap(address, length)),
    sync: (address, length) => answering(() => msync(address, length, MS_SYNC)),
    flock: (fd, operation) => answering(() => flock(fd, operation)),
    allocate: bindAllocate(library),
    ...bindSeeks(koffi, library),
    view: (address, length) => koffi.view(BigInt(address), length),
  }
}

/** It answers the errno itself. */
function bindAllocate(library: Library): NativeCalls['allocate'] {
  const allocate = library.func('int posix_fallocate(int fd, int64_t offset, int64_t length)')
  return (fd, length) => {
    for (;;) {
      const errno = allocate(fd, 0, length)
      if (errno === 0) return undefined
      if (errno !== constants.errno.EINTR) return getSystemErrorName(-errno)
    }
  }
}

function bindMap(koffi: Koffi, library: Library): NativeCalls['map'] {
  const mmap = library.func(
    'intptr_t mmap(uintptr_t address, size_t length, int protection, int flags, int fd, int64_t offset)',
  )
  return (fd, length, { readOnly, synchronous }) => {
    const protection = readOnly ? PROT_READ : PROT_READ | PROT_WRITE
    const flags = synchronous ? MAP_SHARED_VALIDATE | MAP_SYNC : MAP_SHARED
    const address = Number(mmap(0, length, protection, flags, fd, 0))
    return address === -1 ? getSystemErrorName(-koffi.errno()) : address
  }
}

/** The position that it moves is nobody's: the descriptor is used for nothing that has one. */
function bindSeeks(koffi: Koffi, library: Library): Pick<NativeCalls, 'sizeOf' | 'findInFile'> {
  const lseek = library.func('int64_t lseek(int fd, int64_t offset, int whence)')
  const seek = (fd: number, offset: number, whence: number): number | string => {
    const found = Number(lseek(fd, offset, whence))
    return found === -1 ? getSystemErrorName(-koffi.errno()) : found
  }
  return {
    sizeOf: (fd) => seek(fd, 0, SEEK_END),
    findInFile: (fd, what, offset) => seek(fd, offset, what === 'data' ? SEEK_DATA : SEEK_HOLE),
  }
}

/** Runs a call that answers -1 and errno until no signal interrupts it. */
function untilUninterrupted(koffi: Koffi, call: () => number): string | undefined {
  for (;;) {
    if (call() !== -1) return undefined
    if (koffi.errno() !== constants.errno.EINTR) return getSystemErrorName(-koffi.errno())
  }
}
