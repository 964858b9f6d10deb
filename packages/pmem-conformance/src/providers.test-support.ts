/** The factories of the providers of this repository, and of layers over them. */
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PmemProvider } from '@bttkit/interfaces'
import { DaxProvider, type DaxProviderOptions } from '@bttkit/pmem-dax'
import { FileProvider } from '@bttkit/pmem-file'
import { FaultLayer, OffsetLayer, ReadOnlyLayer } from '@bttkit/pmem-layers'
import { MemoryProvider } from '@bttkit/pmem-memory'
import {
  SleepingFlushProvider,
  type PowerCutOptions,
  type SleepingFlushOptions,
} from '@bttkit/pmem-sleeping-flush'
import type { ReopenOptions } from './index.ts'

/** What can be laid over: a `ConformanceStorage` that can be opened again. */
export interface LayableStorage {
  readonly provider: PmemProvider
  readonly reopen: (options: ReopenOptions) => PmemProvider
  readonly crash?: () => Promise<PmemProvider>
  readonly spoil?: (offset: number, length: number) => void
  readonly cleanUp?: () => void
}

export type LayableFactory = (sizeBytes: number) => LayableStorage

export type Layer = (inner: PmemProvider) => PmemProvider

function memoryOver(bytes: Uint8Array): LayableStorage {
  return {
    provider: new MemoryProvider({ bytes }),
    reopen: ({ readOnly }) => new MemoryProvider({ bytes, readOnly }),
  }
}

export const memoryStorage: LayableFactory = (sizeBytes) => memoryOver(new Uint8Array(sizeBytes))

export const sharedMemoryStorage: LayableFactory = (sizeBytes) =>
  memoryOver(new Uint8Array(new SharedArrayBuffer(sizeBytes)))

/** Storage in a directory of its own. */
function inDirectory(open: (path: string) => LayableStorage): LayableStorage {
  const directory = mkdtempSync(join(tmpdir(), 'bttkit-conformance-'))
  return {
    ...open(join(directory, 'disk.img')),
    cleanUp: () => rmSync(directory, { recursive: true, force: true }),
  }
}

export const fileStorage =
  (blocking: boolean): LayableFactory =>
  (sizeBytes) =>
    inDirectory((path) => ({
      provider: FileProvider.open(path, { createSizeBytes: sizeBytes, blocking }),
      reopen: ({ readOnly }) => FileProvider.open(path, { readOnly, blocking }),
    }))

/** libpmem makes durable what is on persistent memory; the page cache passes for that here, so that its calls are made. */
function openDax(path: string, options: DaxProviderOptions): DaxProvider {
  const { PMEM_IS_PMEM_FORCE: before } = process.env
  if (options.persist === 'libpmem') process.env['PMEM_IS_PMEM_FORCE'] = '1'
  try {
    return DaxProvider.open(path, options)
  } finally {
    if (before === undefined) delete process.env['PMEM_IS_PMEM_FORCE']
    else process.env['PMEM_IS_PMEM_FORCE'] = before
  }
}

/** A mapped file that is made has all of its blocks; here holes will do. */
function sparseFile(path: string, sizeBytes: number): string {
  writeFileSync(path, '')
  truncateSync(path, sizeBytes)
  return path
}

export const daxStorage =
  (persist: 'msync' | 'libpmem'): LayableFactory =>
  (sizeBytes) =>
    inDirectory((path) => ({
      provider: openDax(sparseFile(path, sizeBytes), { persist }),
      reopen: ({ readOnly }) => openDax(path, { readOnly, persist }),
    }))

/** A layer over what `factory` makes. */
export const layered =
  (factory: LayableFactory, layer: Layer): LayableFactory =>
  (sizeBytes) => {
    const storage = factory(sizeBytes)
    const { crash } = storage
    return {
      ...storage,
      provider: layer(storage.provider),
      reopen: (options) => layer(storage.reopen(options)),
      ...(crash === undefined ? {} : { crash: async () => layer(await crash()) }),
    }
  }

/** Without its first bytes. */
export const offsetBy =
  (factory: LayableFactory, offset: number): LayableFactory =>
  (sizeBytes) => {
    const window = layered(factory, (inner) => new OffsetLayer(inner, { offset }))(sizeBytes + offset)
    const { spoil } = window
    if (spoil === undefined) return window
    return { ...window, spoil: (at, length) => spoil(at + offset, length) }
  }

/** With a medium that can be made bad. */
export const faulty =
  (factory: LayableFactory): LayableFactory =>
  (sizeBytes) => {
    const storage = factory(sizeBytes)
    const provider = new FaultLayer(storage.provider)
    return {
      ...layered(
        () => storage,
        (inner) => new FaultLayer(inner),
      )(sizeBytes),
      provider,
      spoil: (offset, length) => provider.addMediaError(offset, length),
    }
  }

export const sleeping = (factory: LayableFactory, options: SleepingFlushOptions): LayableFactory =>
  layered(factory, (inner) => new SleepingFlushProvider(inner, options))

/** With a power cut that takes what was not flushed. */
export const cuttable =
  (factory: LayableFactory, cut: PowerCutOptions = {}): LayableFactory =>
  (sizeBytes) => {
    const options = { flushDelayMs: 1, losesUnflushed: true }
    const storage = factory(sizeBytes)
    const provider = new SleepingFlushProvider(storage.provider, options)
    return {
      ...storage,
      provider,
      reopen: (how) => new SleepingFlushProvider(storage.reopen(how), options),
      crash: async () => {
        await provider.powerCut(cut)
        return new SleepingFlushProvider(storage.provider, options)
      },
    }
  }

/** Open for writing below, and for reading only by a layer. */
export const readOnlyByLayer =
  (factory: LayableFactory): LayableFactory =>
  (sizeBytes) => {
    const storage = factory(sizeBytes)
    return {
      ...storage,
      reopen: ({ readOnly }) => {
        const inner = storage.reopen({ readOnly: false })
        return readOnly ? new ReadOnlyLayer(inner) : inner
      },
    }
  }
