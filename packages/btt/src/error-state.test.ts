/** Arenas that are only read, after a failure (more of them in failing-calls.test.ts) or because their info block says so. */
import { expect, test } from 'vitest'
import { ArenaErrorStateError, ProviderIoError } from '@bttkit/interfaces'
import { FLAG_ERROR, decodeInfoBlock, encodeFlogEntry, encodeInfoBlock } from '@bttkit/btt-format'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { Scheduler, runAsync, runAtomic } from '@bttkit/sleepable'
import { Disk } from './disk.test-support.ts'
import { LosingProvider, MIB, bijectionProblems, engine, freshMemory, sha256 } from './engine.test-support.ts'
import { SpareImage } from './spare-image.test-support.ts'
import { failing } from './faults.test-support.ts'
import { describeOverStorages } from './over-storages.test-support.ts'

const fill = (byte: number, sectors = 1): Uint8Array => new Uint8Array(512 * sectors).fill(byte)

/** An image whose first sectors are 1. */
function prepared(): Uint8Array {
  const memory = freshMemory(17 * MIB, { externalLbasize: 512, nfree: 4 })
  runAtomic(engine.attach(memory)).atomic.write(0, fill(1, 64))
  return memory.mapping
}

/** The error flag in both info blocks. */
function flag(bytes: Uint8Array): void {
  const info = decodeInfoBlock(bytes.subarray(4096, 8192))
  const flagged = encodeInfoBlock({ ...info, flags: FLAG_ERROR })
  for (const at of [4096, 4096 + info.info2off]) bytes.set(flagged, at)
}

describeOverStorages((storage) => {
  test('the reason of the error state is the cause of later refusals', async () => {
    using disk = new Disk(storage, prepared())
    // The map entry: data and both halves of the flog entry come before.
    const device = await disk.attach({ under: failing('write', 4) })
    await expect(device.write(3, fill(2))).rejects.toThrow(ProviderIoError)
    for (let attempt = 0; attempt < 2; attempt++) {
      await expect(device.write(3, fill(2))).rejects.toThrow(
        expect.objectContaining({ name: 'ArenaErrorStateError', cause: expect.any(ProviderIoError) }),
      )
    }
  })

  test('what was refused or has failed is written after the image is attached again', async () => {
    using disk = new Disk(storage, prepared())
    const device = await disk.attach({ under: failing('write', 4) })
    await expect(device.write(3, fill(2))).rejects.toThrow(ProviderIoError)
    await expect(device.write(4, fill(2))).rejects.toThrow(ArenaErrorStateError)
    const again = await disk.attach()
    await again.write(3, fill(5, 2))
    const sectors = fill(0, 4)
    await again.read(2, sectors)
    expect([0, 1, 2, 3].map((sector) => sectors[sector * 512])).toEqual([1, 5, 5, 1])
  })

  test('an arena whose info block carries the error flag is read and not written', async () => {
    const bytes = prepared()
    flag(bytes)
    using disk = new Disk(storage, bytes)
    const device = await disk.attach()
    const sector = fill(0)
    await device.read(0, sector)
    expect(sector).toEqual(fill(1))
    await expect(device.write(0, fill(2))).rejects.toThrow(ArenaErrorStateError)
    expect(device.info.state).toBe('error')
    expect(sha256(disk.bytes())).toBe(sha256(bytes))
  })

  test('an arena whose info block carries the error flag is not written by recovery either, and reads as if it were', async () => {
    const bytes = freshMemory(17 * MIB, { externalLbasize: 512, nfree: 4 }).mapping
    const info = decodeInfoBlock(bytes.subarray(4096, 8192))
    const block = info.externalNlba
    bytes.fill(5, 4096 + info.dataoff + block * 512, 4096 + info.dataoff + (block + 1) * 512)
    const entry = { lba: 7, oldMap: 7, newMap: block, seq: 2 }
    encodeFlogEntry(new DataView(bytes.buffer), 4096 + info.logoff + 16, entry)
    flag(bytes)
    using disk = new Disk(storage, bytes)
    const sector = fill(0)
    const device = await disk.attach()
    await device.read(7, sector)
    expect(sector).toEqual(fill(5))
    expect(sha256(disk.bytes())).toBe(sha256(bytes))
  })
})

test('a flush that fails for one operation never lets another be acknowledged that it made lost, nor breaks the bijection', async () => {
  const pristine = prepared()
  const spare = new SpareImage()
  for (let run = 0; run < 60; run++) {
    const bytes = spare.copyOf(pristine)
    const provider = new LosingProvider(new MemoryProvider({ bytes }, 'losing'), 1 + (run % 12))
    const device = await runAsync(engine.attach(provider, { zeroing: run % 2 === 0 ? 'data' : 'flags' }))
    const scheduler = new Scheduler()
    const operations = [
      { lba: 3, byte: 2, task: scheduler.add('write 3', device.sleepable.write(3, fill(2))) },
      { lba: 40, byte: 3, task: scheduler.add('write 40', device.sleepable.write(40, fill(3))) },
      { lba: 20, byte: 0, task: scheduler.add('zero 20', device.sleepable.zero(20, 2)) },
    ]
    const flush = scheduler.add('flush', device.sleepable.flush())
    let random = run
    await scheduler.run((runnable) => {
      random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0
      return runnable[(random >>> 8) % runnable.length] ?? flush
    })
    const again = runAtomic(engine.attach(new MemoryProvider({ bytes }, 'again')))
    expect(bijectionProblems(bytes, 4096), `run ${run}`).toEqual([])
    for (const { lba, byte, task } of operations) {
      const sector = fill(0xcc)
      again.atomic.read(lba, sector)
      const allowed = task.state === 'done' ? [byte] : [byte, 1]
      expect(allowed, `run ${run}, LBA ${lba}`).toContain(sector[0])
      expect(new Set(sector).size).toBe(1)
    }
  }
})
