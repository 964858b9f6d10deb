import { spawn } from 'node:child_process'
import { closeSync, openSync, writeSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createStack } from '@bttkit/stack'
import { MIB, Scene, fromSource, until, whyNoFuse } from './mounting.test-support.ts'

const WRITER = new URL('sector-writer.test-support.ts', import.meta.url).pathname
const PLUGINS = new URL('provider-plugins.test-support.ts', import.meta.url).pathname

/** What the writer said: for each sector the last generation that was done, and the last that was begun. */
function parseLog(log: string): Map<number, { begun: number; done: number }> {
  const sectors = new Map<number, { begun: number; done: number }>()
  for (const line of log.split('\n')) {
    const [word, lba, generation] = line.split(' ')
    if (generation === undefined) continue
    const sector = sectors.get(Number(lba)) ?? { begun: 0, done: 0 }
    sectors.set(Number(lba), sector)
    if (word === 'begin') sector.begun = Number(generation)
    else sector.done = Number(generation)
  }
  return sectors
}

describe.skipIf(whyNoFuse() !== undefined)(`a server that dies ${whyNoFuse() ?? ''}`, () => {
  let scene: Scene
  beforeEach(() => {
    scene = new Scene()
  })
  afterEach(() => scene.dispose())

  test.each([
    [512, 300],
    [4096, 1500],
    [520, 700],
  ])(
    'by SIGKILL while sectors of %i bytes are written: acknowledged ones are there, the others old or new, and the mount point is free',
    async (externalLbasize, acknowledged) => {
      await scene.create(17 * MIB, { externalLbasize })
      const sectorSize = externalLbasize < 4096 ? 512 : 4096
      const mount = await scene.mount()
      const writer = spawn(process.execPath, fromSource(WRITER, scene.disk, String(sectorSize), '200', '7'), {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let log = ''
      let done = 0
      writer.stdout.setEncoding('utf8').on('data', (text: string) => {
        log += text
        done += text.split('done').length - 1
        if (done >= acknowledged && !mount.child.killed) mount.kill('SIGKILL')
      })
      await new Promise((resolve) => {
        writer.once('close', resolve)
      })
      expect(await mount.exited).toBe('SIGKILL')
      await until('the mount point is free', () => !scene.isMounted())

      const device = await createStack().openImage(scene.image)
      const sectors = parseLog(log)
      expect(sectors.size).toBeGreaterThan(100)
      for (const [lba, { begun, done: last }] of sectors) {
        const sector = new Uint8Array(sectorSize)
        await device.read(lba, sector)
        const words = new Uint32Array(sector.buffer)
        const generation = words[1] ?? 0
        const isWhole = words.every(
          (word, i) => word === (i % 2 === 1 || generation === 0 ? generation : lba),
        )
        expect(isWhole, `sector ${lba} is torn`).toBe(true)
        expect([last, begun], `sector ${lba}`).toContain(generation)
      }
      await device.close()
    },
  )

  test('between any two stores of writes at odd places never leaves a torn sector', async () => {
    const sectorSize = 512
    const before = new Uint8Array(8 * sectorSize).fill(0x11)
    // Over the end of one sector, a whole one, and into a third.
    const [at, length] = [sectorSize + 200, 2 * sectorSize - 50]
    const after = before.slice().fill(0x22, at, at + length)
    await scene.create(17 * MIB, { externalLbasize: sectorSize })

    for (let writes = 0; ; writes++) {
      const prepared = await createStack().openImage(scene.image)
      await prepared.writeBytes(0, before)
      await prepared.close()

      const mount = scene.start(
        '--plugin',
        PLUGINS,
        `dying:${scene.image}?writes=${writes}`,
        scene.mountPoint,
      )
      await until('mounted', () => mount.said.includes('is mounted') || mount.hasExited)
      expect(mount.said).toContain('is mounted')
      const fd = openSync(scene.disk, 'r+')
      let died = false
      try {
        writeSync(fd, after.subarray(at, at + length), 0, length, at)
      } catch {
        died = true
      }
      try {
        closeSync(fd)
      } catch {
        // It has nobody any more who would hear of it.
      }
      if (!died) await scene.unmount(mount)
      await mount.exited
      await until('the mount point is free', () => !scene.isMounted())

      const device = await createStack().openImage(scene.image)
      const now = new Uint8Array(before.length)
      await device.readBytes(0, now)
      await device.close()
      for (let start = 0; start < now.length; start += sectorSize) {
        const is = (model: Uint8Array): boolean =>
          Buffer.compare(
            now.subarray(start, start + sectorSize),
            model.subarray(start, start + sectorSize),
          ) === 0
        expect(is(before) || is(after), `died before store ${writes}: the sector at ${start} is torn`).toBe(
          true,
        )
      }
      if (!died) {
        expect(Buffer.compare(now, after)).toBe(0)
        // The data and two flog halves a sector, and the map entries, which are neighbours, in one.
        expect(writes).toBe(3 * 3 + 1)
        break
      }
    }
  }, 60_000)
})
