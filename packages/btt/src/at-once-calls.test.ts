/** The calls that operations make of the storage when they are done at once: those of the sleepable form, in its order, but that a read of one thread looks once. */
import { expect, test } from 'vitest'
import { KERNEL_LBASIZES, decodeInfoBlock, encodeInfoBlock } from '@bttkit/btt-format'
import type { BttDevice, ProviderCapabilities } from '@bttkit/interfaces'
import { runAtomic } from '@bttkit/sleepable'
import { WAYS, copyOf, type Operations } from './at-once.test-support.ts'
import { MIB, engine, freshMemory } from './engine.test-support.ts'
import {
  RecordingProvider,
  RecordingThroughProvider,
  type RecordedCall,
} from './recorded-calls.test-support.ts'

/** A size that PMDK has, and Linux has not: all of it is a sector. */
const POOL_LBASIZE = 4112

/** The image with external sectors of that size; its blocks have room for them. */
function withPoolSectors(bytes: Uint8Array): Uint8Array {
  const info = decodeInfoBlock(bytes.subarray(4096, 8192))
  const changed = encodeInfoBlock({ ...info, externalLbasize: POOL_LBASIZE })
  bytes.set(changed, 4096)
  bytes.set(changed, 4096 + info.info2off)
  return bytes
}

const images = [
  ...KERNEL_LBASIZES.map((externalLbasize) => ({
    name: `sectors of ${externalLbasize} bytes`,
    bytes: freshMemory(17 * MIB, { externalLbasize, nfree: 4 }).mapping,
  })),
  {
    name: `sectors of ${POOL_LBASIZE} bytes, as of a pool`,
    bytes: withPoolSectors(freshMemory(17 * MIB, { externalLbasize: 4160, nfree: 4 }).mapping),
  },
]

const storages = [
  { storage: 'halves that share a persist', sameLineOrdered: true, writesThrough: false },
  { storage: 'halves with a persist each', sameLineOrdered: false, writesThrough: false },
  { storage: 'halves that share a persist, writes through', sameLineOrdered: true, writesThrough: true },
  { storage: 'halves with a persist each, writes through', sameLineOrdered: false, writesThrough: true },
]

const cases = images.flatMap((image) => storages.map((storage) => ({ ...image, ...storage })))

const SECTORS = 3

interface Doing {
  readonly operations: Operations
  readonly device: BttDevice
}

type Step = (doing: Doing) => void

const bytesOf = (count: number, fill: number): Uint8Array => new Uint8Array(count).fill(fill)

/** The zeroing is never done at once, and stands between two that are. */
const WRITES: readonly (readonly [string, Step])[] = [
  ['a sector', ({ operations, device: { sectorSize } }) => operations.write(33, bytesOf(sectorSize, 1))],
  [
    'it again, with metadata if it has any',
    ({ operations, device: { sectorSize, metadataSize } }) =>
      operations.write(33, bytesOf(sectorSize, 2), metadataSize > 0 ? bytesOf(metadataSize, 3) : undefined),
  ],
  [
    'bytes that are a sector',
    ({ operations, device: { sectorSize } }) =>
      operations.writeBytes(34 * sectorSize, bytesOf(sectorSize, 4)),
  ],
  [
    'as many sectors as there are lanes, over two lines of the map',
    ({ operations, device: { sectorSize } }) => operations.write(46, bytesOf(4 * sectorSize, 6)),
  ],
  ['a zeroing', ({ operations }) => operations.zero(34, 1)],
  [
    'a sector that is zero',
    ({ operations, device: { sectorSize } }) => operations.write(34, bytesOf(sectorSize, 5)),
  ],
]

const READS: readonly (readonly [string, Step])[] = [
  [
    'reading a sector',
    ({ operations, device: { sectorSize } }) => operations.read(33, bytesOf(sectorSize, 0)),
  ],
  [
    'reading a sector that was never written',
    ({ operations, device: { sectorSize } }) => operations.read(40, bytesOf(sectorSize, 0)),
  ],
  [
    'reading several sectors, with metadata if they have any',
    ({ operations, device: { sectorSize, metadataSize } }) =>
      operations.read(
        32,
        bytesOf(SECTORS * sectorSize, 0),
        metadataSize > 0 ? bytesOf(SECTORS * metadataSize, 0) : undefined,
      ),
  ],
  [
    'reading parts of sectors',
    ({ operations, device: { sectorSize } }) =>
      operations.readBytes(33 * sectorSize + 100, bytesOf(sectorSize, 0)),
  ],
]

function recorded(
  bytes: Uint8Array,
  { sameLineOrdered, writesThrough }: { sameLineOrdered: boolean; writesThrough: boolean },
) {
  const capabilities: Partial<ProviderCapabilities> = {
    flush: 'immediate',
    durableOnWrite: false,
    sameLineOrdered,
  }
  const Provider = writesThrough ? RecordingThroughProvider : RecordingProvider
  const provider = new Provider(copyOf(bytes), capabilities)
  const device = runAtomic(engine.attach(provider, { mapCacheBytes: 0 }))
  provider.calls.length = 0
  return { provider, device }
}

/** What was called in each step, by each way. */
function callsOf({ bytes, ...storage }: (typeof cases)[number]): Map<string, RecordedCall[]>[] {
  return WAYS.map(([, way]) => {
    const { provider, device } = recorded(bytes, storage)
    const doing = { operations: way(device), device }
    return new Map(
      [...WRITES, ...READS].map(([name, step]) => {
        step(doing)
        return [name, provider.calls.splice(0)]
      }),
    )
  })
}

const isLook = ({ stage, method }: RecordedCall): boolean => stage === 'map' && method === 'read'

/** Without the second of two looks at the map. */
function lookingOnce(calls: readonly RecordedCall[]): RecordedCall[] {
  return calls.filter((call, index) => {
    const before = calls[index - 1]
    return before === undefined || !isLook(call) || !isLook(before) || call.offset !== before.offset
  })
}

test.each(cases)('$name, $storage', (given) => {
  const [atOnce, sleepably] = callsOf(given)
  for (const [name] of WRITES) {
    const calls = atOnce?.get(name)
    expect(calls, `the calls of ${name}`).toEqual(sleepably?.get(name))
    expect(calls?.length, `the calls of ${name}`).toBeGreaterThan(2)
  }
  for (const [name] of READS) {
    const [once, twice] = [atOnce?.get(name) ?? [], sleepably?.get(name) ?? []]
    expect(once, `the calls of ${name}`).toEqual(lookingOnce(twice))
    expect(once.length, `the calls of ${name}`).toBeGreaterThan(0)
  }
  // The way of the one and of the other.
  expect(sleepably?.get('reading a sector')?.filter(isLook)).toHaveLength(2)
  expect(atOnce?.get('reading a sector')?.filter(isLook)).toHaveLength(1)
})
