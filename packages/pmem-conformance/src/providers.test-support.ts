/** The factories of the providers of this repository. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PmemProvider } from '@bttkit/interfaces'
import { FileProvider } from '@bttkit/pmem-file'
import { MemoryProvider } from '@bttkit/pmem-memory'
import type { ConformanceStorage, ReopenOptions, StorageFactory } from './index.ts'

export interface ReopenableStorage extends ConformanceStorage {
  readonly reopen: (options: ReopenOptions) => PmemProvider
}

export type ReopenableFactory = (sizeBytes: number) => ReopenableStorage

export function memoryStorage(sizeBytes: number): ReopenableStorage {
  const bytes = new Uint8Array(sizeBytes)
  return {
    provider: new MemoryProvider({ bytes }),
    reopen: ({ readOnly }) => new MemoryProvider({ bytes, readOnly }),
  }
}

export function fileStorage(blocking: boolean): ReopenableFactory {
  return (sizeBytes) => {
    const directory = mkdtempSync(join(tmpdir(), 'bttkit-conformance-'))
    const path = join(directory, 'disk.img')
    return {
      provider: FileProvider.open(path, { createSizeBytes: sizeBytes, blocking }),
      reopen: ({ readOnly }) => FileProvider.open(path, { readOnly, blocking }),
      cleanUp: () => rmSync(directory, { recursive: true, force: true }),
    }
  }
}

/** A layer over what `factory` makes. */
export function layered(
  factory: ReopenableFactory,
  layer: (inner: PmemProvider) => PmemProvider,
): StorageFactory {
  return (sizeBytes) => {
    const storage = factory(sizeBytes)
    return {
      provider: layer(storage.provider),
      reopen: (options) => layer(storage.reopen(options)),
      cleanUp: () => storage.cleanUp?.(),
    }
  }
}
