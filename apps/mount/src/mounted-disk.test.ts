import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { kernelImage } from '@bttkit/fixtures'
import type { BttInfo } from '@bttkit/interfaces'
import { createStack } from '@bttkit/stack'
import { createHash } from 'node:crypto'
import { MIB, Scene, run, until, whyNoFuse } from './mounting.test-support.ts'

const PLUGINS = new URL('provider-plugins.test-support.ts', import.meta.url).pathname

describe.skipIf(whyNoFuse() !== undefined)(`a mounted image ${whyNoFuse() ?? ''}`, () => {
  let scene: Scene
  beforeEach(() => {
    scene = new Scene()
  })
  afterEach(() => scene.dispose())

  test('shows the disk with the sectors of a kernel-made image, and its description', async () => {
    const image = kernelImage('v11-512')
    image.writeTo(scene.image)
    const mount = await scene.mount('-o', 'ro')
    expect(readdirSync(scene.mountPoint).toSorted()).toEqual(['disk', 'info.json'])
    expect(statSync(scene.disk).size).toBe(image.manifest.logical?.bytes)
    expect(createHash('sha256').update(readFileSync(scene.disk)).digest('hex')).toBe(
      image.manifest.logical?.sha256,
    )
    const info = JSON.parse(readFileSync(join(scene.mountPoint, 'info.json'), 'utf8'))
    expect(info).toMatchObject({
      image: scene.image,
      sectorSize: 512,
      sectorCount: image.manifest.logical?.sectors,
      state: 'clean',
    })
    await scene.unmount(mount)
    expect(createHash('sha256').update(readFileSync(scene.image)).digest('hex')).toBe(
      image.manifest.rawSha256,
    )
  })

  test.each([
    { how: 'by zeros, which Linux needs', options: [], flags: 0b11 },
    { how: 'by flags where it is told to', options: ['--zeroing', 'flags'], flags: 0b10 },
  ])('a hole in a disk of sectors of 512 bytes is made $how', async ({ options, flags }) => {
    await scene.create(17 * MIB, { externalLbasize: 512 })
    const mount = await scene.mount(...options)
    const fd = openSync(scene.disk, 'r+')
    writeSync(fd, new Uint8Array(4096).fill(1), 0, 4096, 0)
    closeSync(fd)
    run('fallocate', '--punch-hole', '--offset', '1024', '--length', '512', scene.disk)
    const expected = new Uint8Array(4096).fill(1).fill(0, 1024, 1536)
    expect(readFileSync(scene.disk).subarray(0, 4096).equals(expected)).toBe(true)
    const info: BttInfo = JSON.parse(readFileSync(join(scene.mountPoint, 'info.json'), 'utf8'))
    await scene.unmount(mount)
    const mapStart = info.namespaceOffset + (info.arenas[0]?.mapoff ?? 0)
    expect(readFileSync(scene.image).readUInt32LE(mapStart + 2 * 4) >>> 30).toBe(flags)
  })

  test('keeps what was written at any offset, and the image has it after the unmount', async () => {
    await scene.create(17 * MIB, { externalLbasize: 520 })
    const mount = await scene.mount()
    const model = new Uint8Array(100_000)
    const fd = openSync(scene.disk, 'r+')
    for (let i = 0; i < 100; i++) {
      const at = (i * 7919) % 90_000
      const piece = new Uint8Array((i * 131) % 5000).fill(i + 1)
      writeSync(fd, piece, 0, piece.length, at)
      model.set(piece, at)
    }
    closeSync(fd)
    await scene.unmount(mount)
    expect(await mount.exited).toBe(0)
    const device = await createStack().openImage(scene.image)
    const back = new Uint8Array(model.length)
    await device.readBytes(0, back)
    await device.close()
    expect(Buffer.compare(back, model)).toBe(0)
  })

  test('in the durability mode flush what is written is read at once, and is in the image after the unmount', async () => {
    await scene.create(17 * MIB, { externalLbasize: 520 })
    const mount = await scene.mount('--durability', 'flush')
    const fd = openSync(scene.disk, 'r+')
    const content = Uint8Array.from({ length: 70_000 }, (_, i) => (i * 11) & 0xff)
    writeSync(fd, content, 0, content.length, 1234)
    const back = new Uint8Array(content.length)
    readSync(fd, back, 0, back.length, 1234)
    expect(Buffer.compare(back, content)).toBe(0)
    closeSync(fd)
    await scene.unmount(mount)
    expect(await mount.exited).toBe(0)
    const device = await createStack().openImage(scene.image)
    await device.readBytes(1234, back.fill(0))
    await device.close()
    expect(Buffer.compare(back, content)).toBe(0)
  })

  test('in the durability mode flush says at the unmount what could not be made durable, and fails', async () => {
    await scene.create(17 * MIB)
    const image = `fault:${scene.image}?faults=write,error`
    const mount = scene.start(image, scene.mountPoint, '--durability', 'flush')
    await until('mounted', () => mount.said.includes('is mounted') || mount.hasExited)
    const fd = openSync(scene.disk, 'r+')
    writeSync(fd, new Uint8Array(8192).fill(1), 0, 8192, 0)
    expect(() => fsyncSync(fd)).toThrow('EIO')
    closeSync(fd)
    await scene.unmount(mount)
    expect(await mount.exited).toBe(1)
    expect(mount.said.split('2 sectors could not be made durable')).toHaveLength(2)
    expect(mount.said).not.toContain('still serving')
  })

  test('with -o ro refuses every change, and attaches without changing an interrupted image', async () => {
    const image = kernelImage('crash-512')
    image.writeTo(scene.image)
    const mount = await scene.mount('-o', 'ro')
    expect(() => writeFileSync(scene.disk, 'x')).toThrow('EROFS')
    expect(createHash('sha256').update(readFileSync(scene.disk)).digest('hex')).toBe(
      image.manifest.logical?.sha256,
    )
    await scene.unmount(mount)
    expect(createHash('sha256').update(readFileSync(scene.image)).digest('hex')).toBe(
      image.manifest.rawSha256,
    )
  })

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'ends cleanly at %s, and removes its pid file',
    async (signal) => {
      await scene.create(17 * MIB)
      const pidFile = join(scene.folder, 'pid')
      const mount = await scene.mount('--pid-file', pidFile)
      expect(Number(readFileSync(pidFile, 'utf8'))).toBe(mount.child.pid)
      mount.kill(signal)
      expect(await mount.exited).toBe(0)
      expect(scene.isMounted()).toBe(false)
      expect(readdirSync(scene.folder)).not.toContain('pid')
    },
  )

  test('goes on at a signal while it is in use, and says so', async () => {
    await scene.create(17 * MIB)
    const mount = await scene.mount()
    const fd = openSync(scene.disk, 'r')
    mount.kill('SIGTERM')
    await until('it says that it is busy', () => mount.said.includes('still serving'))
    expect(mount.said).toContain('in use')
    expect(readSync(fd, new Uint8Array(10), 0, 10, 0)).toBe(10)
    closeSync(fd)
    mount.kill('SIGTERM')
    expect(await mount.exited).toBe(0)
  })

  test('ends, with the image closed, when somebody else unmounts it', async () => {
    await scene.create(17 * MIB)
    const mount = await scene.mount()
    const { unmountFuse } = await import('@bttkit/fuse-kernel')
    await unmountFuse(scene.mountPoint)
    expect(await mount.exited).toBe(0)
    await (await createStack().openImage(scene.image)).close()
  })

  test('a provider whose flush sleeps is served too, side by side', async () => {
    await scene.create(17 * MIB)
    const mount = scene.start('--plugin', PLUGINS, `sleepy:${scene.image}?flushDelayMs=5`, scene.mountPoint)
    await until('mounted', () => mount.said.includes('is mounted') || mount.hasExited)
    expect(mount.said).toContain('is mounted')
    const fd = openSync(scene.disk, 'r+')
    const content = Uint8Array.from({ length: 5 * 4096 + 77 }, (_, i) => (i * 11) & 0xff)
    writeSync(fd, content, 0, content.length, 1234)
    closeSync(fd)
    await scene.unmount(mount)
    const device = await createStack().openImage(scene.image)
    const back = new Uint8Array(content.length)
    await device.readBytes(1234, back)
    await device.close()
    expect(Buffer.compare(back, content)).toBe(0)
  })

  test('an error that nobody caught in the serving thread ends the program, and frees the mount point', async () => {
    await scene.create(17 * MIB)
    const mount = scene.start('--plugin', PLUGINS, `throwing:${scene.image}`, scene.mountPoint)
    await until('mounted', () => mount.said.includes('is mounted') || mount.hasExited)
    expect(mount.said).toContain('is mounted')
    // In a process of its own: who writes waits for an answer that the server cannot give any more.
    expect(() => run('dd', 'if=/dev/zero', `of=${scene.disk}`, 'bs=4096', 'count=1', 'conv=notrunc')).toThrow(
      /aborted|not connected/,
    )
    expect(await mount.exited).toBe(1)
    expect(mount.said).toContain('out of nowhere')
    await until('the mount point is free', () => !scene.isMounted())
  })

  test('an I/O error of one sector is an I/O error of its reader, and the mount goes on', async () => {
    kernelImage('bad-map-oob').writeTo(scene.image)
    const mount = await scene.mount()
    const fd = openSync(scene.disk, 'r')
    const size = statSync(scene.disk).size
    let failed = 0
    for (let at = 0; at < size; at += 4096) {
      try {
        readSync(fd, new Uint8Array(4096), 0, 4096, at)
      } catch (error) {
        expect((error as { code: string }).code).toBe('EIO')
        failed++
      }
    }
    closeSync(fd)
    // Read-ahead may fail neighbours in one request, but each is read again alone before its reader is told.
    expect(failed).toBe(1)
    expect(mount.hasExited).toBe(false)
  })
})
