import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BttkitError } from '@bttkit/interfaces'
import { decodeInfoBlock, encodeFlogEntry, encodeInfoBlock, infoChecksum } from '@bttkit/btt-format'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAtomic } from '@bttkit/sleepable'
import { Disk, type Driven } from './disk.test-support.ts'
import { MIB, engine, freshMemory, sha256 } from './engine.test-support.ts'
import { describeOverStorages, repetitions } from './over-storages.test-support.ts'

const INFO_AT = 4096
const pristine = writtenImage()
const { mapoff, logoff, externalNlba, nfree } = runAtomic(
  engine.attach(new MemoryProvider({ bytes: pristine.slice() }, 'pristine')),
).info.arenas[0] ?? {
  mapoff: 0,
  logoff: 0,
  externalNlba: 0,
  nfree: 0,
}

/** An image on which lanes 0 to 149 have written LBAs 16 to 115, some of them twice. What nobody wrote is zero, so that copies of it are cheap. */
function writtenImage(): Uint8Array {
  const memory = freshMemory(17 * MIB)
  const { atomic } = runAtomic(engine.attach(memory, { lanePolicy: 'static' }))
  for (let i = 0; i < 150; i++) atomic.write(16 + ((i * 7) % 100), new Uint8Array(4096).fill(i))
  return memory.mapping
}

/** Values that programs trip over, and any other. */
const word = fc.oneof(
  fc.constantFrom(0, 1, 2, 3, 4, 7, 0x3fff_ffff, 0x4000_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff),
  fc.nat(0xffff_ffff),
)

/** Any failure has to be one of ours: a `RangeError` or `TypeError` would be a read out of bounds or worse. */
async function tolerating<T>(attempt: Promise<T>): Promise<T | undefined> {
  try {
    return await attempt
  } catch (error) {
    if (!(error instanceof BttkitError)) throw error
    return undefined
  }
}

async function useSectors(device: Driven, most: number): Promise<void> {
  const sector = new Uint8Array(device.sectorSize)
  // An attach may accept another count than the pristine image's; what is used of it is bounded.
  const step = Math.max(1, Math.floor(device.sectorCount / most))
  for (let lba = 0; lba < device.sectorCount; lba += step) {
    await tolerating(device.read(lba, sector))
    if (!device.device.readOnly) await tolerating(device.write(lba, sector))
  }
}

test('tens of thousands of interrupted writes are told apart in the time that reading them takes', () => {
  const groups = 60_000
  const memory = freshMemory(64 * MIB, { externalLbasize: 512, nfree: groups })
  const info = decodeInfoBlock(memory.mapping.subarray(INFO_AT, INFO_AT + 4096))
  const view = new DataView(memory.mapping.buffer)
  for (let lane = 0; lane < groups; lane++) {
    const entry = { lba: lane, oldMap: lane, newMap: info.externalNlba + lane, seq: 2 }
    encodeFlogEntry(view, INFO_AT + info.logoff + lane * 64 + 16, entry)
  }
  const started = performance.now()
  expect(runAtomic(engine.attach(memory, { readOnly: true })).info.state).toBe('needs-recovery')
  // Each against all the others took 30 s.
  expect(performance.now() - started).toBeLessThan(5000)
})

test('a chain of arenas with more spare blocks than anyone makes is refused before they take memory', () => {
  const [arenas, size] = [36, 17 * MIB]
  const one = freshMemory(INFO_AT + size, { externalLbasize: 512, nfree: 30_000 }).mapping
  const info = decodeInfoBlock(one.subarray(INFO_AT, INFO_AT + 4096))
  const bytes = new Uint8Array(INFO_AT + arenas * size)
  for (let arena = 0; arena < arenas; arena++)
    bytes.set(encodeInfoBlock({ ...info, nextoff: arena === arenas - 1 ? 0 : size }), INFO_AT + arena * size)
  expect(() =>
    runAtomic(engine.attach(new MemoryProvider({ bytes }, 'hostile'), { readOnly: true })),
  ).toThrow(/arena 34.*spare blocks, more than anyone makes/)
})

/** Made pristine again for each run of a property; a copy of its own for each takes longer than the run. */
const hostile = pristine.slice()

function hostileImage(): Uint8Array {
  hostile.set(pristine)
  return hostile
}

describeOverStorages((storage) => {
  async function attachAndUse(bytes: Uint8Array): Promise<void> {
    using disk = new Disk(storage, bytes)
    const most = repetitions(storage, 500)
    const reader = await tolerating(disk.attach({ readOnly: true }))
    if (reader !== undefined) await useSectors(reader, most)
    expect(disk.holds(bytes)).toBe(true)
    const writer = await tolerating(disk.attach())
    if (writer !== undefined) await useSectors(writer, most)
  }

  test('a wrong word anywhere in the fields of the info blocks, with right checksums, is refused or used within bounds', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 30 }),
        word,
        fc.boolean(),
        async (field, value, withBackup) => {
          const bytes = hostileImage()
          const block = bytes.subarray(INFO_AT, INFO_AT + 4096)
          new DataView(block.buffer, block.byteOffset).setUint32(field * 4, value, true)
          new DataView(block.buffer, block.byteOffset).setBigUint64(4088, infoChecksum(block), true)
          if (withBackup) bytes.set(block, bytes.length - 4096)
          await attachAndUse(bytes)
        },
      ),
      { numRuns: repetitions(storage, 60) },
    )
  }, 60_000)

  test('a wrong word anywhere in the flog is refused for writing, or used within bounds', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(nfree * 16 - 1), word, async (at, value) => {
        const bytes = hostileImage()
        new DataView(bytes.buffer, bytes.byteOffset).setUint32(INFO_AT + logoff + at * 4, value, true)
        await attachAndUse(bytes)
      }),
      { numRuns: repetitions(storage, 60) },
    )
  }, 60_000)

  test('a wrong map entry is an error of its sector, or reads some block of the arena', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(externalNlba - 1), word, async (lba, value) => {
        const bytes = hostileImage()
        new DataView(bytes.buffer, bytes.byteOffset).setUint32(INFO_AT + mapoff + lba * 4, value, true)
        using disk = new Disk(storage, bytes)
        const device = await disk.attach()
        await tolerating(device.read(lba, new Uint8Array(4096)))
        await tolerating(device.write(lba, new Uint8Array(4096)))
        await tolerating(device.zero(lba, 1))
      }),
      { numRuns: repetitions(storage, 60) },
    )
  })

  test('a free block that two lanes have is found at attach', async () => {
    const bytes = pristine.slice()
    const lane = (number: number): number => INFO_AT + logoff + number * 64
    // Two lanes in their first state get the same block.
    bytes.copyWithin(lane(200) + 4, lane(201) + 4, lane(201) + 12)
    using disk = new Disk(storage, bytes)
    await expect(disk.attach()).rejects.toThrow(/lane 201.*lane 200/)
  })

  test('an interrupted write that would publish the free block of another lane is found at attach, and not completed', async () => {
    const bytes = pristine.slice()
    const view = new DataView(bytes.buffer)
    const group = (lane: number): number => INFO_AT + logoff + lane * 64
    // LBA 7 was never written, so its block is still its own.
    view.setUint32(INFO_AT + mapoff + 7 * 4, 0, true)
    bytes.fill(0, group(200), group(201))
    encodeFlogEntry(view, group(200), { lba: 200, oldMap: 0, newMap: 0, seq: 1 })
    encodeFlogEntry(view, group(200) + 16, {
      lba: 7,
      oldMap: 7,
      newMap: view.getUint32(group(201) + 4, true),
      seq: 2,
    })
    const before = sha256(bytes)
    using disk = new Disk(storage, bytes)
    await expect(disk.attach()).rejects.toThrow(/lane 200.*publishes block.*lane 201/)
    expect(sha256(disk.bytes())).toBe(before)
  })

  test('requests that are not on the device are refused, and do not wrap', async () => {
    using disk = new Disk(storage, pristine)
    const device = await disk.attach()
    const sector = new Uint8Array(4096)
    for (const lba of [-1, device.sectorCount, 2 ** 32, 2 ** 53, Number.NaN, 0.5, Infinity]) {
      await expect(device.read(lba, sector), `LBA ${lba}`).rejects.toThrow(BttkitError)
      await expect(device.write(lba, sector), `LBA ${lba}`).rejects.toThrow(BttkitError)
      await expect(device.zero(lba, 1), `LBA ${lba}`).rejects.toThrow(BttkitError)
    }
    await expect(device.read(device.sectorCount - 1, new Uint8Array(8192))).rejects.toThrow(BttkitError)
    await expect(device.writeBytes(device.sectorCount * 4096 - 1, new Uint8Array(2))).rejects.toThrow(
      BttkitError,
    )
    await expect(device.read(0, new Uint8Array(100))).rejects.toThrow(
      expect.objectContaining({ code: 'BTT_MISALIGNED' }),
    )
    await expect(device.read(0, sector, new Uint8Array(8))).rejects.toThrow(
      expect.objectContaining({ code: 'BTT_MISALIGNED' }),
    )
  })

  test('lanes beyond what the image has are refused', async () => {
    using disk = new Disk(storage, pristine)
    for (const laneCount of [0, -1, 257, 1.5]) {
      await expect(disk.attach({ laneCount })).rejects.toThrow(/lanes were asked for/)
    }
    expect(pristine.length).toBeGreaterThan(16 * MIB)
  })
})
