import { closeSync, openSync, readFileSync, readSync, writeSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createStack } from '@bttkit/stack'
import { mountImage } from './mount-image.ts'
import { isFree, MIB, Scene, until, whyNoFuse } from './mounting.test-support.ts'

const PLUGINS = new URL('provider-plugins.test-support.ts', import.meta.url).pathname
const SECTOR_BYTES = 4096
const SECTORS = 64
/** Threads of the pool ask in turn. */
const CLIENTS = 4

function contentOf(lba: number, generation: number): Buffer {
  return Buffer.alloc(SECTOR_BYTES, `${lba} ${generation};`)
}

describe.skipIf(whyNoFuse() !== undefined)(`a mount with several threads ${whyNoFuse() ?? ''}`, () => {
  let scene: Scene
  beforeEach(() => {
    scene = new Scene()
  })
  afterEach(() => scene.dispose())

  /** Several clients at a time, each with sectors of its own, which it writes and reads back, so often or until it fails. */
  async function useDisk(generations: number): Promise<void> {
    const disk = await open(scene.disk, 'r+')
    try {
      await Promise.all(
        Array.from({ length: CLIENTS }, async (_, client) => {
          const back = Buffer.alloc(SECTOR_BYTES)
          for (let generation = 0; generation < generations; generation++) {
            for (let lba = client; lba < SECTORS; lba += CLIENTS) {
              await disk.write(contentOf(lba, generation), 0, SECTOR_BYTES, lba * SECTOR_BYTES)
              await disk.read(back, 0, SECTOR_BYTES, lba * SECTOR_BYTES)
              expect(back.equals(contentOf(lba, generation)), `sector ${lba}`).toBe(true)
            }
          }
        }),
      )
    } finally {
      await disk.close().catch(() => undefined)
    }
  }

  test('serves several clients, ends at a signal, and leaves what they wrote', async () => {
    await scene.create(17 * MIB, { externalLbasize: SECTOR_BYTES })
    const mount = await scene.mount('--workers', '3')
    await useDisk(20)
    await scene.unmount(mount)
    expect(await mount.exited).toBe(0)
    expect(mount.said).not.toContain('error')
    const device = await createStack().openImage(scene.image)
    const sector = new Uint8Array(SECTOR_BYTES)
    for (let lba = 0; lba < SECTORS; lba++) {
      await device.read(lba, sector)
      expect(Buffer.compare(sector, contentOf(lba, 19)), `sector ${lba}`).toBe(0)
    }
    await device.close()
  })

  test.each([
    { workers: 1, readOnly: false, reads: 1 },
    { workers: 2, readOnly: false, reads: 2 },
    { workers: 2, readOnly: true, reads: 1 },
  ])(
    'of $workers, read-only $readOnly: a sector that is read twice is asked for $reads times',
    async ({ workers, readOnly, reads }) => {
      await scene.create(17 * MIB, { externalLbasize: SECTOR_BYTES })
      const mounted = await mountImage({
        image: scene.image,
        mountPoint: scene.mountPoint,
        workers,
        readOnly,
      })
      const disk = openSync(scene.disk, 'r')
      const read = (): number => readSync(disk, Buffer.alloc(SECTOR_BYTES), 0, SECTOR_BYTES, 0)
      read()
      // Now and then the kernel reads ahead; that is over when it has answered.
      const before = mounted.statistics().reads
      read()
      expect(1 + mounted.statistics().reads - before).toBe(reads)
      closeSync(disk)
      await mounted.unmount()
    },
  )

  test('that nobody used ends at a signal as well', async () => {
    await scene.create(17 * MIB)
    const mount = await scene.mount('--workers', '2')
    await scene.unmount(mount)
    expect(await mount.exited).toBe(0)
    expect(await isFree(scene.image)).toBe(true)
  })

  test('leaves nothing behind when it is killed in the middle', async () => {
    await scene.create(17 * MIB, { externalLbasize: SECTOR_BYTES })
    const mount = await scene.mount('--workers', '2')
    const used = useDisk(100_000)
    await until('the second thread is at work', () => readFileSync(scene.disk).includes('0 3;'))
    mount.kill('SIGKILL')
    await expect(used).rejects.toThrow(/ENOTCONN|ECONNABORTED|EIO|ENODEV/)
    await until('the mount point is free', () => !scene.isMounted())
    expect(await isFree(scene.image)).toBe(true)
  })

  /** Mounts by a plugin whose threads beside the first end in the middle of their first write. */
  async function mountDeserted() {
    await scene.create(17 * MIB, { externalLbasize: SECTOR_BYTES })
    const mount = scene.start(
      `deserted:${scene.image}`,
      scene.mountPoint,
      '--workers',
      '2',
      '--plugin',
      PLUGINS,
    )
    await until('the mount', () => mount.said.includes('is mounted') || mount.hasExited)
    return mount
  }

  test('leaves one program that asks alone to one of them', async () => {
    const mount = await mountDeserted()
    const fd = openSync(scene.disk, 'r+')
    const back = Buffer.alloc(SECTOR_BYTES)
    for (let lba = 0; lba < 300; lba++) {
      writeSync(fd, contentOf(lba, 0), 0, SECTOR_BYTES, lba * SECTOR_BYTES)
      readSync(fd, back, 0, SECTOR_BYTES, lba * SECTOR_BYTES)
    }
    closeSync(fd)
    await scene.unmount(mount)
    expect(await mount.exited).toBe(0)
  })

  test('goes when one of them dies over a request, which nobody else can answer', async () => {
    const mount = await mountDeserted()
    await expect(useDisk(100_000)).rejects.toThrow(/ENOTCONN|ECONNABORTED|EIO|ENODEV/)
    expect(await mount.exited).toBe(1)
    expect(mount.said).toContain('the thread that serves it ended')
    expect(scene.isMounted()).toBe(false)
    expect(await isFree(scene.image)).toBe(true)
  })

  test.each([
    ['sleepy', 'more than one thread'],
    ['unjoinable', 'cannot be joined'],
  ])('is refused over storage that is %s, with the image free again', async (scheme, reason) => {
    await scene.create(17 * MIB)
    const mount = scene.start(
      `${scheme}:${scene.image}`,
      scene.mountPoint,
      '--workers',
      '2',
      '--plugin',
      PLUGINS,
    )
    expect(await mount.exited).toBe(1)
    expect(mount.said).toContain(reason)
    expect(scene.isMounted()).toBe(false)
    expect(await isFree(scene.image)).toBe(true)
  })

  test.each(['0', '17', 'many'])('does not take %s threads', async (count) => {
    await scene.create(17 * MIB)
    const mount = scene.start(scene.image, scene.mountPoint, '--workers', count)
    expect(await mount.exited).toBe(2)
    expect(mount.said).toContain('--workers')
  })
})
