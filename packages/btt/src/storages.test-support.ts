/**
 * What the engine's tests run over, in one place: `storages`. Each is a medium (memory, a file) with a provider that opens it and perhaps layers over that. Tests to which it
 * matters how a flush is done run over `everyFlush`.
 *
 * Some tests stay on memory, because it is what they are about:
 * - Models of crashes and of caches (`power-cut`, `crash-states`, `failing-flush-power-cut`, the losing provider, creations that are cut) take stores back byte by byte, and
 *   so have to own the bytes.
 * - Tests that hold one call back, or watch the calls one by one (`abandoned`, `look-up`, `shared-map`, `failed-recovery`, `no-sleep-while-held`, the creation's order),
 *   are about the engine between two calls; what a real call does then is not theirs.
 * - Dead threads that a test plays itself (`dead-tasks`, `recover-dead-thread`) need all threads' stores in bytes that it can look at. Workers that really die, or work
 *   together, are over storages (`thread-death`, `threads`).
 * - What is checked before the storage is asked (`join-checks`, `unsafe-lanes`), or is about lanes and gates alone (`share`, `threads-close`, `fair-lanes`).
 *
 * Where cases differ in the bytes of an image alone, all of them run over memory, and of each kind one over every other storage (`sampleOver`).
 */
import { DaxProvider } from '@bttkit/pmem-dax'
import { FileProvider } from '@bttkit/pmem-file'
import { DelayLayer, FaultLayer, OffsetLayer, TraceLayer } from '@bttkit/pmem-layers'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { SleepingFlushProvider } from '@bttkit/pmem-sleeping-flush'
import type { PmemProvider, ProviderShare } from '@bttkit/interfaces'

/** How operations on it are driven: as strictly as it allows. */
export type StorageDriver = 'atomic' | 'blocking' | 'async'

/** A provider without layers. `where` is memory or the path of a file, by the medium. */
interface Base {
  readonly medium: 'memory' | 'file'
  readonly open: (where: Uint8Array | string, readOnly: boolean) => PmemProvider
  /** Opens on another thread what `PmemProvider.share` of such a provider describes. */
  readonly join: (share: ProviderShare) => PmemProvider
}

export interface TestStorage {
  readonly name: string
  readonly driver: StorageDriver
  readonly base: Base
  readonly layers: (inner: PmemProvider) => PmemProvider
  /** The byte of the medium at which the storage begins. */
  readonly start: number
  /** The share of their repetitions that random tests have here: less where calls, and flushes above all, take their time. */
  readonly effort: number
}

const memory: Base = {
  medium: 'memory',
  open: (where, readOnly) => new MemoryProvider({ bytes: where as Uint8Array, readOnly }, 'memory'),
  join: (share) => MemoryProvider.join(share),
}

const file = (blocking: boolean): Base => ({
  medium: 'file',
  open: (where, readOnly) => FileProvider.open(where as string, { readOnly, blocking }),
  join: (share) => FileProvider.join(share),
})

/** The page cache passes for persistent memory while a provider is opened. */
function withForcedPmem<T>(open: () => T): T {
  const before = process.env['PMEM_IS_PMEM_FORCE']
  process.env['PMEM_IS_PMEM_FORCE'] = '1'
  try {
    return open()
  } finally {
    if (before === undefined) delete process.env['PMEM_IS_PMEM_FORCE']
    else process.env['PMEM_IS_PMEM_FORCE'] = before
  }
}

const dax = (persist: 'libpmem' | 'msync'): Base => ({
  medium: 'file',
  open: (where, readOnly) => withForcedPmem(() => DaxProvider.open(where as string, { readOnly, persist })),
  join: (share) => DaxProvider.join(share),
})

/** A window that begins where nothing else would. */
const WINDOW_START = 2 ** 20

function storage(
  name: string,
  driver: StorageDriver,
  base: Base,
  layered: Partial<Pick<TestStorage, 'layers' | 'start' | 'effort'>> = {},
): TestStorage {
  return { name, driver, base, layers: (inner) => inner, start: 0, effort: 1 / 5, ...layered }
}

export const storages: readonly TestStorage[] = [
  storage('memory', 'atomic', memory, { effort: 1 }),
  storage('a file', 'async', file(false)),
  storage('DAX with libpmem', 'atomic', dax('libpmem')),
  storage('a sleeping flush over memory', 'async', memory, {
    effort: 1 / 10,
    layers: (inner) => new SleepingFlushProvider(inner, { flushDelayMs: 0 }),
  }),
  storage('a trace over a delay over memory', 'async', memory, {
    effort: 1 / 10,
    layers: (inner) => new TraceLayer(new DelayLayer(inner, { flushDelayMs: 1 }), { sink: () => {} }),
  }),
  storage('a window over faults that never come over a file', 'async', file(false), {
    start: WINDOW_START,
    layers: (inner) => new OffsetLayer(new FaultLayer(inner), { offset: WINDOW_START }),
  }),
]

/** Two of the providers of `storages` again, each with the other way to flush that it has. */
const otherFlushes: readonly TestStorage[] = [
  storage('a file whose flush blocks', 'blocking', file(true)),
  storage('DAX with msync', 'atomic', dax('msync')),
]

/** All of them. */
export const everyFlush: readonly TestStorage[] = [...storages, ...otherFlushes]

export function storageNamed(name: string): TestStorage {
  const found = everyFlush.find((each) => each.name === name)
  if (found === undefined) throw new Error(`no storage is called ${name}`)
  return found
}
