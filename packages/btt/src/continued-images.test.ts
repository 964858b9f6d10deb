import { expect, test } from 'vitest'
import { SectorErrorError } from '@bttkit/interfaces'
import { decodeFlogEntry, hasErrorFlag } from '@bttkit/btt-format'
import { kernelImages, poolImages } from '@bttkit/fixtures'
import { Disk, type Driven } from './disk.test-support.ts'
import { bijectionProblems } from './engine.test-support.ts'
import { describeOverStorages, repetitions, sampleOver } from './over-storages.test-support.ts'

/** Sound images of both writers, and where their BTT begins. */
const images = [
  ...kernelImages()
    .filter((image) => image.kind !== 'corrupt')
    .map((image) => ({
      name: image.name,
      kind: `kernel ${image.kind}`,
      bytes: image.bytes(),
      offset: image.manifest.btt?.infoBlockFileOffset ?? 0,
    })),
  ...poolImages()
    .filter((pool) => pool.manifest.layout_written)
    .map((pool) => ({
      name: pool.name,
      kind: `pool ${pool.kind}`,
      bytes: pool.bytes(),
      offset: pool.manifest.btt.offset,
    })),
]

async function isLost(device: Driven, lba: number): Promise<boolean> {
  try {
    await device.read(lba, new Uint8Array(device.sectorSize))
    return false
  } catch (error) {
    expect(error).toBeInstanceOf(SectorErrorError)
    return true
  }
}

describeOverStorages((storage) => {
  const sampled = sampleOver(storage, images, ({ kind }) => kind)

  test.each(sampled)(
    '$name is continued: what we write and what was there read back',
    async ({ bytes, offset }) => {
      using disk = new Disk(storage, bytes)
      const device = await disk.attach({ laneCount: 16 })
      const { sectorSize, metadataSize, sectorCount } = device
      const model = new Map<number, Uint8Array | 'error'>()
      const sample = new Uint8Array(sectorSize)
      const step = Math.ceil(sectorCount / repetitions(storage, 5000))
      for (let lba = 0; lba < sectorCount; lba += step) {
        try {
          await device.read(lba, sample)
          model.set(lba, sample.slice())
        } catch (error) {
          expect(error).toBeInstanceOf(SectorErrorError)
          model.set(lba, 'error')
        }
      }
      // More writes than lanes, some of them to the same sectors, so that blocks of the first writer go round.
      let state = 1
      for (let i = 0; i < repetitions(storage, 1000); i++) {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
        const lba = state % sectorCount
        const content = new Uint8Array(sectorSize).fill(i & 0xff)
        new DataView(content.buffer).setUint32(0, i, true)
        const metadata = new Uint8Array(metadataSize).fill(0xa5)
        await device.write(lba, content, metadata)
        model.set(lba, content)
        if (i % 10 === 0) {
          await device.zero(state % 1000, 3)
          for (let zeroed = state % 1000; zeroed < (state % 1000) + 3; zeroed++)
            model.set(zeroed, new Uint8Array(sectorSize))
        }
      }
      await device.close()

      const again = await disk.attach()
      expect(again.info.state).toBe('clean')
      for (const [lba, content] of model) {
        if (content === 'error') {
          await expect(again.read(lba, sample)).rejects.toThrow(SectorErrorError)
        } else {
          await again.read(lba, sample)
          expect(Buffer.compare(sample, content), `LBA ${lba}`).toBe(0)
        }
      }
      expect(bijectionProblems(disk.bytes(), offset)).toEqual([])
    },
  )

  test.each(sampled)(
    'what we write to $name has no flags in the flog but the error of an old block, as Linux wants it',
    async ({ bytes }) => {
      using disk = new Disk(storage, bytes)
      const laneCount = repetitions(storage, 256)
      // As many sectors as these lanes have slots, if they are not too many: the flog shows the last write to each.
      const sectors = Math.min(100, 2 * laneCount)
      const device = await disk.attach({ laneCount })
      const { logoff } = device.info.arenas[0] ?? { logoff: 0 }
      const logStart = device.info.namespaceOffset + logoff
      const second = device.info.format.logLayout === '0,2' ? 32 : 16
      const lost: number[] = []
      for (let lba = 0; lba < sectors; lba++) if (await isLost(device, lba)) lost.push(lba)
      // Every lane twice, so that both slots are ours.
      const sector = new Uint8Array(device.sectorSize)
      for (let i = 0; i < 2 * laneCount; i++) await device.write(i % sectors, sector)
      const written = disk.bytes()
      const view = new DataView(written.buffer, written.byteOffset)
      const errors: number[] = []
      for (let lane = 0; lane < laneCount; lane++) {
        for (const slot of [0, second]) {
          const entry = decodeFlogEntry(view, logStart + lane * 64 + slot)
          expect(entry.newMap >>> 30).toBe(0)
          if (hasErrorFlag(entry.oldMap)) errors.push(entry.lba)
          else expect(entry.oldMap >>> 30).toBe(0)
        }
      }
      expect(errors.toSorted((a, b) => a - b)).toEqual(lost)
    },
  )
})
