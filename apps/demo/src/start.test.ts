import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { createStack } from '@bttkit/stack'
import {
  RunningProgram,
  hasMounts,
  makeFolder,
  programCommand,
  whyNoFuse,
  withDevices,
  withoutPermission,
} from './program.test-support.ts'

function sizeOf(path: string): string {
  return execFileSync('stat', ['--format=%s', path], {
    encoding: 'utf8',
    timeout: 20_000,
    killSignal: 'SIGKILL',
  }).trim()
}

test('start with one argument is a wrong call', async () => {
  const start = new RunningProgram(programCommand('start', 'disk.img'))
  expect(await start.exited).toBe(2)
  expect(start.errors).toMatch(/^start: MOUNTPOINT is missing[^\n]*\n$/)
})

describe.skipIf(whyNoFuse() !== undefined)(`start ${whyNoFuse() ?? ''}`, () => {
  test('without arguments makes an image, mounts it, says how to go on, and ends at an interrupt', async () => {
    const folder = makeFolder()
    const start = new RunningProgram(programCommand('start'), { cwd: folder })
    await start.says('info.json')
    expect(start.output).toContain('made demo.btt, 64 MiB')
    expect(start.output).toContain(`losetup --find --show --direct-io=on ${folder}/mnt/disk`)
    expect(Number(sizeOf(join(folder, 'mnt/disk')))).toBeGreaterThan(60 * 2 ** 20)

    start.child.kill('SIGINT')
    expect(await start.exited).toBe(0)
    expect(start.errors).toBe('')
    expect(hasMounts(folder)).toBe(false)
    await (await createStack().openImage(join(folder, 'demo.btt'))).close()
  })

  test('again uses the image that is there', async () => {
    const folder = makeFolder()
    for (const made of [true, false]) {
      const start = new RunningProgram(programCommand('start'), { cwd: folder })
      await start.says('info.json')
      expect(start.output.includes('made demo.btt')).toBe(made)
      start.child.kill('SIGTERM')
      expect(await start.exited).toBe(0)
    }
  })

  test('IMAGE MOUNTPOINT mounts that image there, and makes nothing', async () => {
    const folder = makeFolder()
    const [image, mountPoint] = [join(folder, 'own.img'), join(folder, 'here')]
    mkdirSync(mountPoint)
    await createStack().createImage(image, { sizeBytes: 17 * 2 ** 20, externalLbasize: 512 })
    const start = new RunningProgram(programCommand('start', image, mountPoint), { cwd: folder })
    await start.says('info.json')
    expect(Number(sizeOf(join(mountPoint, 'disk')))).toBeLessThan(17 * 2 ** 20)
    start.child.kill('SIGINT')
    expect(await start.exited).toBe(0)
    expect(readdirSync(folder).toSorted()).toEqual(['here', 'own.img'])
  })

  test('serves on when nobody reads what it says', async () => {
    const folder = makeFolder()
    const start = new RunningProgram(programCommand('start'), { cwd: folder })
    start.child.stdout?.destroy()
    await vi.waitUntil(() => hasMounts(folder), { timeout: 20_000, interval: 20 })
    sizeOf(join(folder, 'mnt/disk'))
    start.child.kill('SIGINT')
    expect(await start.exited).toBe(0)
  })
})

describe.skipIf(whyNoFuse() !== undefined).each([
  ['there is no /dev/fuse', 'modprobe fuse', (command: string[]) => withDevices([], command)],
  ['/dev/fuse must not be opened', 'run as root', withoutPermission],
])(`start where %s ${whyNoFuse() ?? ''}`, (_, remedy, where) => {
  test('says so, and shows on the image itself that it works', async () => {
    const folder = makeFolder()
    const start = new RunningProgram(where(programCommand('start')), { cwd: folder })
    expect(await start.exited).toBe(0)
    expect(start.errors).toMatch(/^start: [^\n]*\/dev\/fuse[^\n]*\n$/)
    expect(start.errors).toContain(remedy)
    expect(start.output).toContain('attached the image again and read it back: equal')
  })

  test('fails with one sentence where an image was to be mounted', async () => {
    const folder = makeFolder()
    const image = join(folder, 'own.img')
    await createStack().createImage(image, { sizeBytes: 17 * 2 ** 20 })
    const mountPoint = join(folder, 'here')
    mkdirSync(mountPoint)
    const start = new RunningProgram(where(programCommand('start', image, mountPoint)), { cwd: folder })
    expect(await start.exited).toBe(1)
    expect(start.errors).toMatch(/^start: [^\n]+\n$/)
    expect(start.errors).toContain(remedy)
    expect(start.output).toBe('')
  })
})
