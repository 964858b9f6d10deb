import { expect, test } from 'vitest'
import { SectorErrorError } from '@bttkit/interfaces'
import { kernelImages, poolImages } from '@bttkit/fixtures'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAtomic } from '@bttkit/sleepable'
import { bijectionProblems, engine } from './engine.test-support.ts'

/** Sound images of both writers, and where their BTT begins. */
const images = [
  ...kernelImages()
    .filter((image) => image.kind !== 'corrupt')
    .map((image) => ({
      name: image.name,
      bytes: image.bytes(),
      offset: image.manifest.btt?.infoBlockFileOffset ?? 0,
    })),
  ...poolImages()
    .filter((pool) => pool.manifest.layout_written)
    .map((pool) => ({ name: pool.name, bytes: pool.bytes(), offset: pool.manifest.btt.offset })),
]

test.each(images.map((image) => [image.name, image] as const))(
  '%s is continued: what we write and what was there read back',
  (name, { bytes, offset }) => {
    const memory = new MemoryProvider({ bytes }, name)
    const device = runAtomic(engine.attach(memory))
    const { sectorSize, metadataSize, sectorCount } = device
    const model = new Map<number, Uint8Array | 'error'>()
    const sample = new Uint8Array(sectorSize)
    for (let lba = 0; lba < sectorCount; lba += 7) {
      try {
        device.atomic.read(lba, sample)
        model.set(lba, sample.slice())
      } catch (error) {
        expect(error).toBeInstanceOf(SectorErrorError)
        model.set(lba, 'error')
      }
    }
    // More writes than lanes, some of them to the same sectors, so that blocks of the first writer go round.
    let state = 1
    for (let i = 0; i < 2000; i++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      const lba = state % sectorCount
      const content = new Uint8Array(sectorSize).fill(i & 0xff)
      new DataView(content.buffer).setUint32(0, i, true)
      const metadata = new Uint8Array(metadataSize).fill(0xa5)
      device.atomic.write(lba, content, metadata)
      model.set(lba, content)
      if (i % 10 === 0) {
        device.atomic.zero(state % 1000, 3)
        for (let zeroed = state % 1000; zeroed < (state % 1000) + 3; zeroed++)
          model.set(zeroed, new Uint8Array(sectorSize))
      }
    }
    device.atomic.close()

    const again = runAtomic(engine.attach(new MemoryProvider({ bytes }, name)))
    expect(again.info.state).toBe('clean')
    for (const [lba, content] of model) {
      if (content === 'error') {
        expect(() => again.atomic.read(lba, sample)).toThrow(SectorErrorError)
      } else {
        again.atomic.read(lba, sample)
        expect(Buffer.compare(sample, content), `LBA ${lba}`).toBe(0)
      }
    }
    expect(bijectionProblems(bytes, offset)).toEqual([])
  },
)

test.each(images.map((image) => [image.name, image] as const))(
  'what we write to %s has no flags in the flog, as Linux wants it',
  (name, { bytes }) => {
    const memory = new MemoryProvider({ bytes }, name)
    const device = runAtomic(engine.attach(memory))
    const { nfree, logoff } = device.info.arenas[0] ?? { nfree: 0, logoff: 0 }
    const logStart = device.info.namespaceOffset + logoff
    const second = device.info.format.logLayout === '0,2' ? 32 : 16
    // Every lane twice, so that both slots are ours.
    for (let i = 0; i < 2 * nfree; i++) device.atomic.write(i % 100, new Uint8Array(device.sectorSize))
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    for (let lane = 0; lane < nfree; lane++) {
      for (const slot of [0, second]) {
        for (const field of [4, 8])
          expect(view.getUint32(logStart + lane * 64 + slot + field, true) >>> 30).toBe(0)
      }
    }
  },
)
