import { describe, expect, test } from 'vitest'
import { BttkitError, type AttachOptions, type BttInfo } from '@bttkit/interfaces'
import { decodeInfoBlock, encodeInfoBlock, type InfoBlock } from '@bttkit/btt-format'
import { kernelImage, poolImage } from '@bttkit/fixtures'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAtomic } from '@bttkit/sleepable'
import { Disk } from './disk.test-support.ts'
import { MIB, engine, freshMemory, sha256 } from './engine.test-support.ts'
import { describeOverStorages } from './over-storages.test-support.ts'
import { storageNamed, type TestStorage } from './storages.test-support.ts'

async function code(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt
    return 'no error'
  } catch (error) {
    if (!(error instanceof BttkitError)) throw error
    return error.code
  }
}

function alterInfo(bytes: Uint8Array, at: number, change: Partial<InfoBlock>): void {
  const info = decodeInfoBlock(bytes.subarray(at, at + 4096))
  const altered = encodeInfoBlock({ ...info, ...change })
  bytes.set(altered, at)
  bytes.set(altered, at + info.info2off)
}

/** A 2.0 BTT that holds an image with a 1.1 BTT in its sectors: written in one go under one lane, its bytes come to lie where they are in the image. */
function makeImageInside(): Uint8Array {
  const inside = freshMemory(31 * MIB, { nfree: 8 }).mapping
  const memory = freshMemory(40 * MIB, { version: '2.0', nfree: 8 })
  runAtomic(engine.attach(memory, { laneCount: 1 })).atomic.write(0, inside)
  expect(decodeInfoBlock(memory.mapping.subarray(4096, 8192))).toEqual(
    decodeInfoBlock(inside.subarray(4096, 8192)),
  )
  return memory.mapping
}

const imageInside = makeImageInside()

function attachOver(storage: TestStorage) {
  return async (bytes: Uint8Array, options: AttachOptions = {}): Promise<BttInfo> => {
    using disk = new Disk(storage, bytes)
    const device = await disk.attach(options)
    // What was looked at is as it was.
    expect(disk.holds(bytes)).toBe(true)
    return device.info
  }
}

describeOverStorages((storage) => {
  const attach = attachOver(storage)

  test('a stale 2.0 info block in front of a newer 1.1 BTT does not win', async () => {
    const bytes = freshMemory(32 * MIB, { version: '2.0' }).mapping
    const stale = bytes.slice(0, 4096)
    runAtomic(engine.create(new MemoryProvider({ bytes }, 'image'), { force: true }))
    bytes.set(stale, 0)
    expect((await attach(bytes)).namespaceOffset).toBe(4096)
  })

  test.each<[string, (bytes: Uint8Array) => unknown]>([
    ['is whole', () => {}],
    ['has lost its backup', (bytes) => bytes.fill(0, bytes.length - 4096)],
    ['has lost its primary', (bytes) => bytes.fill(0, 0, 4096)],
  ])('an image inside a BTT that %s is not taken for it', async (_what, damage) => {
    const bytes = imageInside.slice()
    damage(bytes)
    await expect(attach(bytes)).rejects.toThrow('at bytes 0 and 4096')
    expect((await attach(bytes, { readOnly: true, namespaceOffset: 0 })).format.version).toBe('2.0')
  })

  test('a pool is found behind its header, and a bare copy of its BTT at 4096', async () => {
    const pool = poolImage('blk-4096').bytes()
    expect((await attach(pool, { readOnly: true })).namespaceOffset).toBe(8192)
    const bare = pool.slice(4096)
    bare.fill(0, 0, 4096)
    const info = await attach(bare, { readOnly: true })
    expect(info.namespaceOffset).toBe(4096)
    expect(info.format.dialect).toBe('pmdk')
  })

  test('a BTT at a byte where a torn write could split its map entries is read and not written', async () => {
    const bytes = new Uint8Array(18 * MIB)
    bytes.set(freshMemory(17 * MIB).mapping, 3)
    expect(await code(attach(bytes, { namespaceOffset: 4099 }))).toBe('BTT_WRITE_REFUSED')
    expect((await attach(bytes, { namespaceOffset: 4099, readOnly: true })).state).toBe('error')
  })

  test('where the primary is damaged the backup is read from, and writing is refused with the reason', async () => {
    const bytes = kernelImage('v20-4096').bytes()
    bytes[60] = (bytes[60] ?? 0) ^ 1
    const before = sha256(bytes)
    await expect(attach(bytes)).rejects.toThrow(/checksum is wrong.*backup.*read-only, or repair/)
    const info = await attach(bytes, { readOnly: true })
    expect(info.state).toBe('error')
    expect(info.problems).toEqual([expect.stringContaining('checksum is wrong')])
    expect(sha256(bytes)).toBe(before)
  })

  test('a missing backup is reported, and does not keep anyone from writing', async () => {
    const bytes = kernelImage('v11-4096').bytes()
    bytes.fill(0, bytes.length - 4096)
    const info = await attach(bytes)
    expect(info.problems).toEqual([expect.stringContaining('backup')])
    expect(info.state).toBe('clean')
  })

  test.each([1, 4095, 16 * MIB - 1])('storage of %i bytes is too small', async (size) => {
    await expect(attach(new Uint8Array(size))).rejects.toThrow('at least 16 MiB')
  })
})

describe('what the bytes alone decide, over memory', () => {
  const attach = attachOver(storageNamed('memory'))

  test('a 1.1 info block left inside a newer 2.0 BTT does not win', async () => {
    const bytes = freshMemory(32 * MIB).mapping
    const stale = bytes.slice(4096, 8192)
    runAtomic(engine.create(new MemoryProvider({ bytes }, 'image'), { version: '2.0', force: true }))
    bytes.set(stale, 4096)
    expect((await attach(bytes)).namespaceOffset).toBe(0)
  })

  test('two BTTs that both count are refused, and an offset chooses', async () => {
    const bytes = freshMemory(32 * MIB).mapping
    // A 2.0 info block whose backup stands beside that of the other.
    const info = decodeInfoBlock(freshMemory(16 * MIB, { version: '2.0' }).mapping.subarray(0, 4096))
    bytes.set(encodeInfoBlock(info), 0)
    bytes.set(encodeInfoBlock(info), info.info2off)
    await expect(attach(bytes, { readOnly: true })).rejects.toThrow('at bytes 0 and 4096')
    expect((await attach(bytes, { readOnly: true, namespaceOffset: 4096 })).namespaceOffset).toBe(4096)
    expect((await attach(bytes, { readOnly: true, namespaceOffset: 0 })).namespaceOffset).toBe(0)
  })

  test('a version that does not belong to its position does not count', async () => {
    const bytes = freshMemory(32 * MIB).mapping
    alterInfo(bytes, 4096, { major: 2, minor: 0 })
    expect(await code(attach(bytes))).toBe('BTT_NOT_FOUND')
    expect((await attach(bytes, { namespaceOffset: 4096 })).format.version).toBe('2.0')
  })

  test('a pool that lost both info blocks is not taken for one that was never written', async () => {
    const bytes = poolImage('blk-4096').bytes()
    const { info2off } = decodeInfoBlock(bytes.subarray(8192, 12_288))
    bytes.fill(0, 8192, 12_288)
    bytes.fill(0, 8192 + info2off, 8192 + info2off + 4096)
    expect(await code(attach(bytes, { readOnly: true }))).toBe('BTT_NOT_FOUND')
  })

  test.each<[string, Partial<InfoBlock>, string]>([
    ['an unknown version', { major: 1, minor: 2 }, '1.2'],
    ['a data area beyond the end', { dataoff: 2 ** 40 }, 'beyond the storage'],
    ['a map over the data', { mapoff: 8192 }, 'overlaps'],
    ['no spare blocks', { nfree: 0 }, 'nfree is 0'],
    ['counts that do not add up', { externalNlba: 5 }, 'add up'],
    ['blocks smaller than sectors', { internalLbasize: 512 }, 'smaller than'],
    ['a size field of its own', { infosize: 512 }, 'size field'],
    ['a next arena inside this one', { nextoff: 4096 }, 'inside this one'],
    ['a next arena beyond the end', { nextoff: 2 ** 39 }, 'beyond the storage'],
  ])('an info block with %s is refused in one sentence', async (_what, change, reason) => {
    const bytes = kernelImage('v11-4096').bytes()
    alterInfo(bytes, 4096, change)
    expect(await code(attach(bytes))).toBe('BTT_INFO_BLOCK')
    await expect(attach(bytes)).rejects.toThrow(reason)
  })

  test.each<[string, Partial<InfoBlock>]>([
    ['unknown flags', { flags: 2 }],
    [
      'a map that was moved',
      { mapoff: decodeInfoBlock(kernelImage('v11-4096').bytes().subarray(4096, 8192)).mapoff - 64 },
    ],
  ])('an info block with %s is read and not written', async (_what, change) => {
    const bytes = kernelImage('v11-4096').bytes()
    alterInfo(bytes, 4096, change)
    expect(await code(attach(bytes))).toBe('BTT_WRITE_REFUSED')
    expect((await attach(bytes, { readOnly: true })).state).toBe('error')
  })

  test.each([-1, 0.5, 2 ** 60, 20 * MIB, Number.NaN])('the offset %d is refused', async (namespaceOffset) => {
    expect(await code(attach(new Uint8Array(20 * MIB), { namespaceOffset }))).toBe('BTT_NOT_FOUND')
  })
})

// There are no such files to be mapped.
test('storage of no bytes is too small', () => {
  const none = new MemoryProvider({ size: 0 }, 'memory')
  expect(() => runAtomic(engine.attach(none))).toThrow('at least 16 MiB')
})
