import { spawn } from 'node:child_process'
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createStack } from '@bttkit/stack'
import { MIB, Scene, fromSource, until, whyNoFuse, type RunningMount } from './mounting.test-support.ts'

const WRITER = new URL('sector-writer.test-support.ts', import.meta.url).pathname
const PLUGINS = new URL('provider-plugins.test-support.ts', import.meta.url).pathname

interface SectorLog {
  /** The last generation that was begun, and the last that was done. */
  begun: number
  done: number
  /** The last that was done when a sync was over. */
  synced: number
}

/** What the writer said of each sector. */
function parseLog(log: string): Map<number, SectorLog> {
  const sectors = new Map<number, SectorLog>()
  for (const line of log.split('\n')) {
    if (line === 'synced') for (const sector of sectors.values()) sector.synced = sector.done
    const [word, lba, generation] = line.split(' ')
    if (generation === undefined) continue
    const sector = sectors.get(Number(lba)) ?? { begun: 0, done: 0, synced: 0 }
    sectors.set(Number(lba), sector)
    if (word === 'begin') sector.begun = Number(generation)
    else sector.done = Number(generation)
  }
  return sectors
}

/** The generation of a whole sector. */
function generationOf(sector: Uint8Array, lba: number): number {
  const words = new Uint32Array(sector.buffer)
  const generation = words[1] ?? 0
  const isWhole = words.every((word, i) => word === (i % 2 === 1 || generation === 0 ? generation : lba))
  expect(isWhole, `sector ${lba} is torn`).toBe(true)
  return generation
}

/** Has sectors written until so many are `done`, or so many syncs are `synced`; then kills the mount. Returns what the writer said. */
async function writeUntil(
  mount: RunningMount,
  disk: string,
  sectorSize: number,
  word: 'done' | 'synced',
  count: number,
): Promise<string> {
  const syncEvery = word === 'synced' ? ['50'] : []
  const args = fromSource(WRITER, disk, String(sectorSize), '200', '7', ...syncEvery)
  const writer = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let log = ''
  let seen = 0
  writer.stdout.setEncoding('utf8').on('data', (text: string) => {
    log += text
    seen += text.split(word).length - 1
    if (seen >= count && !mount.child.killed) mount.kill('SIGKILL')
  })
  await new Promise((resolve) => {
    writer.once('close', resolve)
  })
  return log
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
      const log = await writeUntil(mount, scene.disk, sectorSize, 'done', acknowledged)
      expect(await mount.exited).toBe('SIGKILL')
      await until('the mount point is free', () => !scene.isMounted())

      const device = await createStack().openImage(scene.image)
      const sectors = parseLog(log)
      expect(sectors.size).toBeGreaterThan(100)
      for (const [lba, { begun, done: last }] of sectors) {
        const sector = new Uint8Array(sectorSize)
        await device.read(lba, sector)
        expect([last, begun], `sector ${lba}`).toContain(generationOf(sector, lba))
      }
      await device.close()
    },
  )

  test('by SIGKILL in the durability mode flush: what was written before an fsync is there, and what came later is not older than that, nor torn', async () => {
    await scene.create(17 * MIB, { externalLbasize: 4096 })
    const mount = await scene.mount('--durability', 'flush')
    const log = await writeUntil(mount, scene.disk, 4096, 'synced', 12)
    expect(await mount.exited).toBe('SIGKILL')
    await until('the mount point is free', () => !scene.isMounted())

    const device = await createStack().openImage(scene.image)
    const sectors = parseLog(log)
    expect([...sectors.values()].filter(({ synced }) => synced > 0).length).toBeGreaterThan(100)
    for (const [lba, { begun, synced }] of sectors) {
      const sector = new Uint8Array(4096)
      await device.read(lba, sector)
      const generation = generationOf(sector, lba)
      expect(generation, `sector ${lba}`).toBeGreaterThanOrEqual(synced)
      expect(generation, `sector ${lba}`).toBeLessThanOrEqual(begun)
    }
    await device.close()
  })

  test('by SIGKILL in the durability mode flush loses what nothing has made durable', async () => {
    await scene.create(17 * MIB)
    const mount = await scene.mount('-o', 'durability=flush')
    const fd = openSync(scene.disk, 'r+')
    writeSync(fd, new Uint8Array(4096).fill(1), 0, 4096, 0)
    fsyncSync(fd)
    writeSync(fd, new Uint8Array(8192).fill(2), 0, 8192, 0)
    mount.kill('SIGKILL')
    await mount.exited
    expect(() => closeSync(fd)).toThrow('ENOTCONN')
    await until('the mount point is free', () => !scene.isMounted())
    const device = await createStack().openImage(scene.image)
    const found = new Uint8Array(8192)
    await device.read(0, found)
    expect([found[0], found[4096]]).toEqual([1, 0])
    await device.close()
  })

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
