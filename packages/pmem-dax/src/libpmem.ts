import type { Koffi } from './native.ts'

/**
 * What libpmem.so.1 does to lines of persistent memory. None of it can fail: an address that is not mapped ends the process. The addresses of
 * targets are numbers; a source is the bytes themselves, from their first one on.
 */
export interface LibpmemCalls {
  /** pmem_persist(3): writes the range back from the caches of the processor, and waits for it. */
  readonly persist: (address: number, length: number) => void
  /** pmem_flush(3): as `persist`, without the waiting. */
  readonly flush: (address: number, length: number) => void
  /** pmem_drain(3): waits for what was flushed or copied before. */
  readonly drain: () => void
  /** pmem_memcpy_persist(3): copies past the caches where that is faster, and waits for it. */
  readonly copyPersist: (address: number, source: Uint8Array, length: number) => void
  /** pmem_memcpy_nodrain(3): as `copyPersist`, without the waiting. */
  readonly copy: (address: number, source: Uint8Array, length: number) => void
}

/** @throws where the library, or a call of it, is not there */
export function bindLibpmem(koffi: Koffi): LibpmemCalls {
  const library = koffi.load('libpmem.so.1')
  // The copies answer the target, which nobody needs: as `void` it is not made into a value.
  return {
    persist: library.func('void pmem_persist(uintptr_t address, size_t length)'),
    flush: library.func('void pmem_flush(uintptr_t address, size_t length)'),
    drain: library.func('void pmem_drain()'),
    copyPersist: library.func(
      'void pmem_memcpy_persist(uintptr_t target, const void *source, size_t length)',
    ),
    copy: library.func('void pmem_memcpy_nodrain(uintptr_t target, const void *source, size_t length)'),
  }
}
