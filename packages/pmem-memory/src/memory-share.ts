import type { ProviderShare } from '@bttkit/interfaces'

export const MEMORY_SCHEME = 'mem'

/** What another thread makes the same memory from. A message carries a `SharedArrayBuffer` by reference. */
export interface MemoryHandle {
  readonly buffer: SharedArrayBuffer
  /** Bytes of the buffer before the memory, and in it. */
  readonly byteOffset: number
  readonly byteLength: number
  readonly name: string
  readonly readOnly: boolean
}

/** @throws {TypeError} for memory that other threads cannot have. */
export function memoryShare(memory: {
  readonly name: string
  readonly size: number
  readonly readOnly: boolean
  readonly mapping: Uint8Array
}): ProviderShare {
  const { name, size, readOnly, mapping } = memory
  const { buffer, byteOffset } = mapping
  if (!(buffer instanceof SharedArrayBuffer)) {
    throw new TypeError(
      `${name}: only one thread can have this memory; make it with 'shared', or open it with 'threads', to share it`,
    )
  }
  const handle: MemoryHandle = { buffer, byteOffset, byteLength: size, name, readOnly }
  return { scheme: MEMORY_SCHEME, handle }
}

function isMemoryHandle(value: unknown): value is MemoryHandle {
  if (typeof value !== 'object' || value === null || !('buffer' in value)) return false
  return value.buffer instanceof SharedArrayBuffer
}

/** @throws {TypeError} for a share that is not of a memory. */
export function memoryHandleOf({ scheme, handle }: ProviderShare): MemoryHandle {
  if (scheme === MEMORY_SCHEME && isMemoryHandle(handle)) return handle
  throw new TypeError(`a share of '${scheme}:' is not one of a memory`)
}
