import fc from 'fast-check'
import { expect, test } from 'vitest'
import { KERNEL_LBASIZES, decodeInfoBlock, sectorShape } from '@bttkit/btt-format'
import { Disk } from './disk.test-support.ts'
import { MIB, bijectionProblems, freshMemory } from './engine.test-support.ts'
import { applyStep, stepsWithin, type Limit } from './model-steps.test-support.ts'
import { describeOverStorages, repetitions, sampleOver } from './over-storages.test-support.ts'
import { everyFlush } from './storages.test-support.ts'

/** Sectors at the start of the device that the operations stay in, so that they meet. */
const WINDOW_SECTORS = 40

const images = KERNEL_LBASIZES.map((externalLbasize) => ({
  externalLbasize,
  ...sectorShape(externalLbasize),
  pristine: freshMemory(17 * MIB, { externalLbasize, nfree: 8 }).mapping,
}))

describeOverStorages((storage) => {
  test.each(
    sampleOver(storage, images, ({ sectorSize, metadataSize }) => `${sectorSize} ${metadataSize > 0}`),
  )(
    'any sequence of operations on sectors of $externalLbasize bytes does what it does to a plain array',
    async ({ sectorSize, pristine }) => {
      const limit: Limit = { sectors: WINDOW_SECTORS, bytes: WINDOW_SECTORS * sectorSize }
      await fc.assert(
        fc.asyncProperty(stepsWithin(limit), async (sequence) => {
          using disk = new Disk(storage, pristine)
          let device = await disk.attach()
          const model = new Uint8Array(limit.bytes)
          for (const step of sequence) {
            if (step.kind === 'reattach') device = await disk.attach()
            else await applyStep(device, model, step)
          }
          const end = new Uint8Array(limit.bytes)
          const again = await disk.attach({ readOnly: true })
          await again.readBytes(0, end)
          expect(Buffer.compare(end, model)).toBe(0)
          expect(bijectionProblems(disk.bytes(), 4096)).toEqual([])
        }),
        { numRuns: repetitions(storage, 25) },
      )
    },
  )

  test('metadata travels with its sector, becomes zeros without any, and stays where only a part of the sector is written', async () => {
    using disk = new Disk(storage, freshMemory(17 * MIB, { externalLbasize: 520 }).mapping)
    const device = await disk.attach()
    const [sector, metadata] = [new Uint8Array(512), new Uint8Array(8)]
    await device.write(5, sector.fill(1), Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8))
    await device.writeBytes(5 * 512 + 100, Uint8Array.of(9))
    await device.read(5, sector, metadata)
    expect([...metadata]).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(sector[100]).toBe(9)
    await device.write(5, sector)
    await device.read(5, sector, metadata)
    expect([...metadata]).toEqual([0, 0, 0, 0, 0, 0, 0, 0])
  })

  test('sectors that were never written read as zeros, or as Linux reads them on request', async () => {
    const { mapping } = freshMemory(17 * MIB, { externalLbasize: 512 })
    const { dataoff } = decodeInfoBlock(mapping.subarray(4096, 8192))
    mapping.fill(0x77, 4096 + dataoff, 4096 + dataoff + 512)
    using disk = new Disk(storage, mapping)
    const sector = new Uint8Array(512).fill(1)
    const device = await disk.attach()
    await device.read(0, sector)
    expect(sector).toEqual(new Uint8Array(512))
    const asLinux = await disk.attach({ initialSectors: 'identity' })
    await asLinux.read(0, sector)
    expect(sector).toEqual(new Uint8Array(512).fill(0x77))
  })
}, everyFlush)
