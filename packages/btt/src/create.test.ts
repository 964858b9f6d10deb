import { expect, test } from 'vitest'
import { BttkitError, ProviderIoError, type CreateOptions, type MaybeSleep } from '@bttkit/interfaces'
import { KERNEL_LBASIZES, sectorShape } from '@bttkit/btt-format'
import { kernelImage, poolImage } from '@bttkit/fixtures'
import type { TraceRecord } from '@bttkit/pmem-layers'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAtomic } from '@bttkit/sleepable'
import { Disk } from './disk.test-support.ts'
import {
  MIB,
  PassingProvider,
  bijectionProblems,
  engine,
  freshMemory,
  sha256,
} from './engine.test-support.ts'
import { powerCutAt, recording } from './faults.test-support.ts'
import { describeOverStorages, sampleOver } from './over-storages.test-support.ts'

const SIZE = 17 * MIB
const UUID = '01234567-89ab-cdef-0123-456789abcdef'

async function code(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt
    return 'no error'
  } catch (error) {
    if (!(error instanceof BttkitError)) throw error
    return error.code
  }
}

const text = (string: string): Uint8Array => Uint8Array.from(string, (character) => character.charCodeAt(0))

const inUse: [string, Uint8Array][] = [
  ['a BTT of version 1.1', kernelImage('v11-4096').bytes()],
  ['a BTT of version 2.0', kernelImage('v20-4096').bytes()],
  ['a libpmemblk pool', poolImage('blk-4096').bytes()],
]

describeOverStorages((storage) => {
  const layouts = KERNEL_LBASIZES.flatMap((externalLbasize) =>
    (['1.1', '2.0'] as const).map((version) => ({ externalLbasize, version })),
  )
  test.each(sampleOver(storage, layouts, ({ version }) => version))(
    'creates sectors of $externalLbasize bytes, version $version, as asked',
    async ({ externalLbasize, version }) => {
      using disk = new Disk(storage, new Uint8Array(SIZE))
      await disk.create({
        externalLbasize,
        version,
        uuid: UUID,
        parentUuid: UUID.replace('0', 'f'),
        nfree: 100,
      })
      const { info } = await disk.attach({ readOnly: true })
      expect(info).toMatchObject({
        namespaceOffset: version === '1.1' ? 4096 : 0,
        ...sectorShape(externalLbasize),
        state: 'clean',
        problems: [],
      })
      expect(info.format).toEqual({ version, dialect: 'kernel', logLayout: '0,1' })
      expect(info.arenas).toMatchObject([
        { uuid: UUID, parentUuid: UUID.replace('0', 'f'), externalLbasize, nfree: 100, flags: 0 },
      ])
      expect(bijectionProblems(disk.bytes(), info.namespaceOffset)).toEqual([])
    },
  )

  // What the Linux driver wrote for the same parameters, field by field.
  test.each(sampleOver(storage, ['v11-512', 'v11-520', 'v11-4096', 'v20-4096']))(
    'creates what the Linux driver created for %s',
    async (name) => {
      const { btt, namespace, arenas } = kernelImage(name).manifest
      const info = arenas?.[0]?.info
      if (btt === undefined || info === undefined) throw new Error('the manifest has no BTT')
      using disk = new Disk(storage, new Uint8Array(namespace.size))
      await disk.create({
        externalLbasize: btt.externalLbasize,
        version: btt.version,
        uuid: btt.uuid,
        parentUuid: btt.parentUuid,
      })
      const bytes = disk.bytes()
      const at = btt.infoBlockFileOffset
      const real = kernelImage(name)
        .bytes()
        .subarray(at, at + 4096)
      expect(Buffer.compare(bytes.subarray(at, at + 4096), real)).toBe(0)
      expect(Buffer.compare(bytes.subarray(at + info.info2off, at + info.info2off + 4096), real)).toBe(0)
    },
  )

  const refused: [string, number, CreateOptions][] = [
    ['a storage of 16 MiB, which leaves too little behind the first page', 16 * MIB, {}],
    ['an unknown sector size', SIZE, { externalLbasize: 1024 }],
    ['an unknown version', SIZE, { version: '1.2' as never }],
    ['a UUID that is none', SIZE, { uuid: 'x' }],
    ['no spare blocks', SIZE, { nfree: 0 }],
    ['more spare blocks than there is room for', SIZE, { externalLbasize: 4096, nfree: 60_000 }],
    ['an offset that is not aligned', SIZE, { namespaceOffset: 100 }],
    ['an offset beyond the end', SIZE, { namespaceOffset: 64 * MIB }],
  ]
  test.each(sampleOver(storage, refused))('refuses %s and writes nothing', async (_what, size, options) => {
    const blank = new Uint8Array(size)
    using disk = new Disk(storage, blank)
    expect(await code(disk.create(options))).toBe('BTT_LAYOUT')
    expect(disk.holds(blank)).toBe(true)
  })

  test('16 MiB are enough for version 2.0', async () => {
    using disk = new Disk(storage, new Uint8Array(16 * MIB))
    await disk.create({ version: '2.0' })
    const device = await disk.attach()
    expect(device.sectorCount).toBe(3829)
  })

  const contents: [string, number, Uint8Array][] = [
    ['ext2, ext3 or ext4', 1080, Uint8Array.of(0x53, 0xef)],
    ['XFS', 0, text('XFSB')],
    ['Btrfs', 65_600, text('_BHRfS_M')],
    ['GPT', 512, text('EFI PART')],
    ['partition table', 510, Uint8Array.of(0x55, 0xaa)],
    ['LUKS', 0, text('LUKS')],
    ['swap', 4086, text('SWAPSPACE2')],
    ['data', 100_000, text('a letter')],
    ['data', SIZE - 10, text('the end')],
  ]
  test.each(sampleOver(storage, contents, ([name]) => name === 'data'))(
    'refuses storage with %s at byte %i unless forced',
    async (name, offset, bytes) => {
      const content = new Uint8Array(SIZE)
      content.set(bytes, offset)
      using disk = new Disk(storage, content)
      await expect(disk.create()).rejects.toThrow(name)
      expect(disk.holds(content)).toBe(true)
      await disk.create({ force: true })
      const device = await disk.attach()
      expect(device.info.problems).toEqual([])
    },
  )

  test.each(sampleOver(storage, inUse))(
    'refuses %s, and forced makes the only BTT there is',
    async (_what, bytes) => {
      for (const version of ['1.1', '2.0'] as const) {
        using disk = new Disk(storage, bytes)
        expect(await code(disk.create({ version }))).toBe('BTT_ALREADY_IN_USE')
        await disk.create({ version, force: true, uuid: UUID })
        const { info } = await disk.attach()
        expect(info.arenas[0]?.uuid).toBe(UUID)
        expect(info.format.version).toBe(version)
        expect(bijectionProblems(disk.bytes(), info.namespaceOffset)).toEqual([])
      }
    },
  )

  test('a BTT that ends before the new one begins is left alone, forced or not', async () => {
    const bytes = new Uint8Array(64 * MIB)
    bytes.set(freshMemory(17 * MIB, { version: '2.0' }).mapping, 0)
    using disk = new Disk(storage, bytes)
    await disk.create({ force: true, namespaceOffset: 20 * MIB })
    expect(sha256(disk.bytes().subarray(0, 20 * MIB))).toBe(sha256(bytes.subarray(0, 20 * MIB)))
    const second = await disk.attach({ namespaceOffset: 20 * MIB })
    expect(second.info.problems).toEqual([])
  })

  test('a label area at the end is left alone', async () => {
    const bytes = kernelImage('v20-4096').bytes()
    const { size } = kernelImage('v20-4096').manifest.namespace
    using disk = new Disk(storage, bytes)
    await disk.create({ version: '2.0', force: true })
    expect(Buffer.compare(disk.bytes().subarray(size), bytes.subarray(size))).toBe(0)
  })
})

// Whichever write is the last, there is no BTT afterwards, or the one that was asked for, or (before the first write) the old one.
test.each<[string, () => Uint8Array]>([
  ['empty storage', () => new Uint8Array(17 * MIB)],
  [
    'storage with an older BTT',
    () => freshMemory(17 * MIB, { externalLbasize: 512, uuid: UUID.replace('0', 'e') }).mapping,
  ],
  [
    'storage with an older BTT of the other version',
    () => freshMemory(17 * MIB, { version: '2.0', uuid: UUID.replace('0', 'e') }).mapping,
  ],
])('creation on %s, cut at any write, never leaves half a BTT', (_what, makeBytes) => {
  const pristine = makeBytes()
  for (let cut = 1; ; cut++) {
    const bytes = pristine.slice()
    const provider = powerCutAt(cut)(new MemoryProvider({ bytes }, 'cut'))
    try {
      runAtomic(engine.create(provider, { uuid: UUID, force: true }))
      expect(cut).toBeGreaterThan(5)
      return
    } catch (error) {
      expect(error).toBeInstanceOf(ProviderIoError)
    }
    let uuid: string | undefined
    try {
      const device = runAtomic(engine.attach(new MemoryProvider({ bytes: bytes.slice() }, 'after')))
      uuid = device.info.arenas[0]?.uuid
      expect(bijectionProblems(bytes, device.info.namespaceOffset)).toEqual([])
    } catch (error) {
      expect(error).toBeInstanceOf(BttkitError)
      continue
    }
    expect(uuid === UUID || (cut === 1 && uuid !== undefined), `cut at write ${cut}`).toBe(true)
  }
})

test('every arena is durable before the primary info block of arena 0 is written', () => {
  const calls: TraceRecord[] = []
  runAtomic(engine.create(recording(calls)(new MemoryProvider({ size: 17 * MIB }, 'memory'))))
  expect(calls.slice(-3)).toMatchObject([
    { method: 'flush' },
    { method: 'write', stage: 'info', offset: 4096, length: 4096 },
    { method: 'flush' },
  ])
})

test.each([
  [{ atomicWriteBytes: 4 }, 'torn'],
  [{ damagesNeighbours: true }, 'neighbours'],
])('storage that promises only %j is refused, for creating and for attaching', (capabilities, reason) => {
  const provider = new PassingProvider(freshMemory(17 * MIB), capabilities)
  expect(() => runAtomic(engine.create(provider, { force: true }))).toThrow(reason)
  expect(() => runAtomic(engine.attach(provider))).toThrow(reason)
  runAtomic(engine.attach(provider, { readOnly: true }))
})

/** Thrown where something would be stored. */
class WouldWrite extends Error {}

test('storage that cannot be read is not taken for blank, also where old info blocks are looked for', () => {
  const memory = freshMemory(17 * MIB)
  const before = sha256(memory.mapping)
  for (let failAt = 0; ; failAt++) {
    let reads = 0
    class Unreadable extends PassingProvider {
      override read(offset: number, target: Uint8Array): MaybeSleep {
        if (reads++ === failAt) throw new ProviderIoError({ image: this.name }, 'cannot be read', 'EIO')
        return super.read(offset, target)
      }
      override write(): never {
        throw new WouldWrite('it would write')
      }
    }
    let found = ''
    try {
      runAtomic(engine.create(new Unreadable(memory), { force: true }))
    } catch (error) {
      if (error instanceof WouldWrite) {
        // It comes to writing only when no read has failed.
        expect(reads).toBeLessThanOrEqual(failAt)
        break
      }
      found = error instanceof BttkitError ? error.code : String(error)
    }
    expect(found, `read ${failAt}`).toBe('BTT_PROVIDER_IO')
  }
  expect(sha256(memory.mapping)).toBe(before)
})
