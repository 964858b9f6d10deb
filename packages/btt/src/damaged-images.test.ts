import { expect, test } from 'vitest'
import { corruptions, applyPatches, kernelImage, poolImage } from '@bttkit/fixtures'
import { Disk } from './disk.test-support.ts'
import { sha256 } from './engine.test-support.ts'
import { describeOverStorages, sampleOver } from './over-storages.test-support.ts'

async function code(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt
    return 'no error'
  } catch (error) {
    return (error as { code: string }).code
  }
}

const damagedNames = [
  'bad-flog-same-seq',
  'bad-info1-zero',
  'bad-info-both-zero',
  'bad-map-oob',
  'bad-map-pending',
  'bad-pad-old-02',
]
const pristine = new Map(damagedNames.map((name) => [name, kernelImage(name).bytes()]))

function pristineOf(name: string): Uint8Array {
  const bytes = pristine.get(name)
  if (bytes === undefined) throw new Error(`no image is called ${name}`)
  return bytes
}

const crashedPool = poolImage('crash-4096').bytes()
/** A copy for the damages, one after the other. */
const damaged = crashedPool.slice()

describeOverStorages((storage) => {
  // All sectors over memory; elsewhere some of them, or it takes long.
  const step = storage.effort === 1 ? 1 : 40
  const diskOf = (name: string): Disk => new Disk(storage, pristineOf(name))

  test.each([
    ['bad-flog-same-seq', 'BTT_FLOG'],
    ['bad-info1-zero', 'BTT_WRITE_REFUSED'],
    ['bad-info-both-zero', 'BTT_NOT_FOUND'],
  ])('%s is refused for writing: %s', async (name, expected) => {
    using disk = diskOf(name)
    expect(await code(disk.attach())).toBe(expected)
    expect(disk.holds(pristineOf(name))).toBe(true)
  })

  test.each(['bad-flog-same-seq', 'bad-info1-zero'])(
    '%s can be read, and says what is wrong',
    async (name) => {
      // The content of the image that was altered; the alteration left every sector as it was.
      const baseContent = /content sha256 ([0-9a-f]{64})/.exec(kernelImage(name).manifest.base ?? '')?.[1]
      using disk = diskOf(name)
      const device = await disk.attach({ readOnly: true })
      const content = new Uint8Array(device.sectorCount * device.sectorSize)
      await device.read(0, content)
      expect(sha256(content)).toBe(baseContent)
      expect(device.info.state).toBe('error')
      expect(device.info.problems).toHaveLength(1)
    },
  )

  test('a map entry out of range is an I/O error for its sector alone', async () => {
    using disk = diskOf('bad-map-oob')
    const device = await disk.attach()
    const sector = new Uint8Array(device.sectorSize)
    const failed: number[] = []
    for (let lba = 0; lba < device.sectorCount; lba++) {
      if ((await code(device.read(lba, sector))) === 'BTT_MAP_ENTRY') failed.push(lba)
    }
    expect(failed).toHaveLength(1)
    expect(await code(device.write(failed[0] ?? 0, sector))).toBe('BTT_MAP_ENTRY')
    expect(await code(device.zero(failed[0] ?? 0, 1))).toBe('BTT_MAP_ENTRY')
  })

  test('bad-map-pending is recovered to what the kernel recovers it to', async () => {
    using disk = diskOf('bad-map-pending')
    const device = await disk.attach()
    const content = new Uint8Array(device.sectorCount * device.sectorSize)
    await device.read(0, content)
    expect(sha256(content)).toBe(kernelImage('bad-map-pending').manifest.kernel.attach?.sha256)
  })

  test('bad-pad-old-02, with the flog slots of old kernels, is read and continued in those slots', async () => {
    using disk = diskOf('bad-pad-old-02')
    const device = await disk.attach()
    expect(device.info.format.logLayout).toBe('0,2')
    const content = new Uint8Array(device.sectorCount * device.sectorSize)
    await device.read(0, content)
    expect(sha256(content)).toBe(kernelImage('bad-pad-old-02').manifest.kernel.attach?.sha256)
    await device.write(0, content.subarray(0, 64 * device.sectorSize))
    const again = await disk.attach({ readOnly: true })
    expect(again.info.format.logLayout).toBe('0,2')
    expect(again.info.problems).toEqual([])
  })

  // What is damaged stands before the first hyphen: the info block, the map, the flog.
  test.each(sampleOver(storage, corruptions(), ({ name }) => name.split('-')[0]))(
    'damage "$name" of a pool never crashes an attach, and a read-only one writes nothing',
    async ({ patches }) => {
      damaged.set(crashedPool)
      applyPatches(damaged, patches)
      using disk = new Disk(storage, damaged)
      try {
        const device = await disk.attach({ readOnly: true })
        const sector = new Uint8Array(device.sectorSize)
        for (let lba = 0; lba < device.sectorCount; lba += step) await code(device.read(lba, sector))
      } catch (error) {
        expect((error as { code: string }).code).toMatch(/^BTT_/)
      }
      expect(disk.holds(damaged)).toBe(true)
    },
  )
})
