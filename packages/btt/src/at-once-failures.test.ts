/** Storage that fails in the middle of what is done at once, and storage that breaks its promise not to wait. */
import { expect, test } from 'vitest'
import { FaultLayer, type FaultKind } from '@bttkit/pmem-layers'
import { runAtomic } from '@bttkit/sleepable'
import { WAYS, WatchedProvider, copyOf, endOf, type Operations } from './at-once.test-support.ts'
import { fill } from './bad-media.test-support.ts'
import { MIB, bijectionProblems, engine, freshMemory } from './engine.test-support.ts'
import { LateProvider, settle } from './late-provider.test-support.ts'
import { RecordingProvider, RecordingThroughProvider } from './recorded-calls.test-support.ts'

const fresh = freshMemory(17 * MIB, { externalLbasize: 512, nfree: 4 })
runAtomic(engine.attach(fresh)).atomic.write(0, fill(1, 40 * 512))
const image = fresh.mapping

const MERGED = { flush: 'immediate', durableOnWrite: false, sameLineOrdered: true } as const
const APART = { ...MERGED, sameLineOrdered: false } as const

interface FailingWrite {
  readonly storage: string
  readonly Provider: typeof RecordingProvider
  readonly capabilities: typeof MERGED | typeof APART
  /** What the calls of a kind are for, in their order. */
  readonly writes: readonly string[]
  readonly flushes: readonly string[]
}

const HALVES = ['flog half 0', 'flog half 1']
const STORES = ['data', ...HALVES, 'map']

const STORAGES: readonly FailingWrite[] = [
  {
    storage: 'halves that share a persist',
    Provider: RecordingProvider,
    capabilities: MERGED,
    writes: STORES,
    flushes: ['data', 'flog', 'map'],
  },
  {
    storage: 'halves with a persist each',
    Provider: RecordingProvider,
    capabilities: APART,
    writes: STORES,
    flushes: ['data', ...HALVES, 'map'],
  },
  {
    storage: 'writes through',
    Provider: RecordingThroughProvider,
    capabilities: APART,
    writes: STORES,
    // A write through fails as a flush, too.
    flushes: ['data', ...HALVES, 'map'],
  },
]

const FAILURES = STORAGES.flatMap(({ writes, flushes, ...storage }) => [
  ...writes.map((stage, index) => ({ ...storage, stage, kind: 'write' as const, nth: index + 1 })),
  ...flushes.map((stage, index) => ({ ...storage, stage, kind: 'flush' as const, nth: index + 1 })),
])

/** The attach flushes once. */
const CALLS_BEFORE: Readonly<Record<FaultKind, number>> = { read: 0, write: 0, flush: 1 }

/** Attached again, each block has one holder, and LBA 3 is what it was or was to be. */
function expectRecoverable(bytes: Uint8Array): void {
  const memory = copyOf(bytes)
  const target = fill(0)
  runAtomic(engine.attach(memory)).atomic.read(3, target)
  expect([fill(1), fill(2)]).toContainEqual(target)
  expect(bijectionProblems(memory.mapping, 4096)).toEqual([])
}

/** Writes LBA 3 with a call that fails, and then reads it and writes another sector. */
function failOneWrite(
  { Provider, capabilities, kind, nth }: (typeof FAILURES)[number],
  way: (typeof WAYS)[number][1],
) {
  const memory = copyOf(image)
  const faults = [{ on: kind, effect: 'error' as const, nth: CALLS_BEFORE[kind] + nth }]
  const device = runAtomic(engine.attach(new FaultLayer(new Provider(memory, capabilities), { faults })))
  const form: Operations = way(device)
  const target = fill(0)
  const ends = [
    endOf(() => form.write(3, fill(2))),
    endOf(() => form.read(3, target)),
    endOf(() => form.write(30, fill(3))),
  ]
  expect(device.statistics().lanesInUse).toBe(0)
  expectRecoverable(memory.mapping)
  return { ends, content: target[0], bytes: memory.mapping }
}

test.each(FAILURES)(
  '$storage: when the $kind of $stage fails, the arena is in the error state if and only if it is in doubt',
  (failure) => {
    const [[, atOnce], [, sleepably]] = [WAYS[0] ?? expect.fail(), WAYS[1] ?? expect.fail()]
    const { ends, content, bytes } = failOneWrite(failure, atOnce)
    const isData =
      failure.kind === 'write' && failure.stage === 'data' && failure.Provider === RecordingProvider
    expect(ends).toEqual([
      expect.stringMatching(/^BTT_PROVIDER_IO: /),
      undefined,
      isData ? undefined : expect.stringMatching(/^BTT_ARENA_ERROR_STATE: /),
    ])
    // The map names the new block where only its persist has failed.
    expect(content).toBe(failure.kind === 'flush' && failure.stage === 'map' ? 2 : 1)
    const other = failOneWrite(failure, sleepably)
    expect(other).toMatchObject({ ends, content })
    expect(Buffer.compare(bytes, other.bytes)).toBe(0)
  },
)

test.each(WAYS)(
  '%s, a read that fails otherwise than by a lost block is told, and marks nothing',
  (_name, way) => {
    const memory = copyOf(image)
    const faults = [{ on: 'read' as const, effect: 'error' as const, stage: 'data' as const, nth: 1 }]
    const device = runAtomic(engine.attach(new FaultLayer(memory, { faults })))
    const before = memory.mapping.slice()
    expect(endOf(() => way(device).read(3, fill(0)))).toMatch(/^BTT_PROVIDER_IO: /)
    expect(device.statistics()).toMatchObject({ reads: 0, lanesInUse: 0 })
    way(device).read(3, fill(0))
    expect(Buffer.compare(memory.mapping, before)).toBe(0)
  },
)

/** A device on storage that says that it never waits, and does in the n-th call from now on, until it is told to finish. */
function lying(nth: number) {
  const memory = copyOf(image)
  const late = new LateProvider(memory, { mayWait: false, flush: 'immediate', sameLineOrdered: false })
  const provider = new WatchedProvider(late)
  const device = runAtomic(engine.attach(provider, { laneCount: 2 }))
  provider.calls.length = 0
  provider.onCall = () => {
    late.isLate = provider.calls.length === nth
  }
  return { memory, late, provider, device }
}

const CALLS_OF_A_WRITE = [
  'data: write',
  'data: persist',
  'map: read',
  'flog half 0: write',
  'flog half 0: persist',
  'flog half 1: write',
  'flog half 1: persist',
  'map: write',
  'map: persist',
]
const FIRST_IN_DOUBT = CALLS_OF_A_WRITE.indexOf('flog half 0: write')

test.each(CALLS_OF_A_WRITE.map((name, index) => [name, index] as const))(
  'storage that waits in "%s" after all: its lane and map lock are kept until the call is over',
  async (name, index) => {
    const { memory, late, provider, device } = lying(index + 1)
    expect(endOf(() => device.atomic.write(3, fill(2)))).toMatch(
      /^BTT_INVARIANT: memory: .*promised not to wait/,
    )
    expect(provider.takeLines().at(-1)).toBe(name)
    expect(late.calls).toHaveLength(1)
    provider.onCall = () => {}
    expect(device.statistics()).toMatchObject({ writes: 0, lanesInUse: 1 })
    const isInDoubt = index >= FIRST_IN_DOUBT
    // Of the same line of the map.
    expect(endOf(() => device.atomic.write(4, fill(3)))).toMatch(
      isInDoubt ? /^BTT_ARENA_ERROR_STATE: / : /^BTT_WOULD_SLEEP: /,
    )
    late.finishAll()
    await settle()
    expect(device.statistics().lanesInUse).toBe(0)
    const next = endOf(() => device.atomic.write(4, fill(3)))
    if (isInDoubt) expect(next).toMatch(/^BTT_ARENA_ERROR_STATE: /)
    else expect(next).toBeUndefined()
    expectRecoverable(memory.mapping)
    await device.close()
  },
)

test.each(['map: read', 'data: read'])(
  'storage that waits in the "%s" of a read after all: its lane is kept until the call is over',
  async (name) => {
    const { late, provider, device } = lying(name === 'map: read' ? 1 : 2)
    expect(endOf(() => device.atomic.read(3, fill(0)))).toMatch(/^BTT_INVARIANT: /)
    expect(provider.takeLines().at(-1)).toBe(name)
    provider.onCall = () => {}
    late.isLate = false
    expect(device.statistics()).toMatchObject({ reads: 0, lanesInUse: 1 })
    const target = fill(0)
    device.atomic.read(4, target)
    expect(target).toEqual(fill(1))
    let isClosed = false
    const closing = device.close().then(() => (isClosed = true))
    await settle()
    expect(isClosed).toBe(false)
    late.finishAll()
    await closing
    expect(device.statistics().lanesInUse).toBe(0)
  },
)
