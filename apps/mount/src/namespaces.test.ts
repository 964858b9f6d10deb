/** Mounting one namespace of an NVDIMM's image. */
import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { labelArea } from '@bttkit/fixtures'
import { createStack } from '@bttkit/stack'
import { runAsync } from '@bttkit/sleepable'
import { MIB, Scene, whyNoFuse } from './mounting.test-support.ts'

const END = 36 * MIB
const ONE = { uuid: '11111111-1111-4111-8111-111111111111', name: 'one', dpa: 0, rawSize: 17 * MIB }
const TWO = { uuid: '22222222-2222-4222-8222-222222222222', name: 'two', dpa: 18 * MIB, rawSize: 17 * MIB }
const stack = createStack()

describe.skipIf(whyNoFuse() !== undefined)(`an image with two namespaces ${whyNoFuse() ?? ''}`, () => {
  let scene: Scene
  beforeEach(async () => {
    scene = new Scene()
    const fd = openSync(scene.image, 'w')
    ftruncateSync(fd, END)
    writeSync(fd, labelArea('1.2', [ONE, TWO]), 0, undefined, END)
    closeSync(fd)
    for (const { name, uuid } of [ONE, TWO]) {
      const provider = await stack.openProvider(scene.image, { readOnly: false })
      const window = await stack.namespaceOf(provider, { namespace: name })
      const externalLbasize = name === 'one' ? 512 : 4096
      await runAsync(stack.engine().create(window, { externalLbasize, parentUuid: uuid }))
      await window.close()
    }
  })
  afterEach(() => scene.dispose())

  test.each([
    ['--namespace two', ['--namespace', 'two']],
    ['-o namespace=two', ['-o', 'namespace=two']],
    ['several threads', ['--namespace', 'two', '--workers', '2']],
  ])('one is mounted by %s, and the other stays as it is', async (_, args) => {
    const before = readFileSync(scene.image).subarray(0, 18 * MIB)
    const mount = await scene.mount(...args)
    const fd = openSync(scene.disk, 'r+')
    writeSync(fd, Buffer.alloc(4096, 'two'), 0, 4096, 8192)
    closeSync(fd)
    expect(statSync(scene.disk).blksize).toBe(4096)
    await scene.unmount(mount)
    const device = await stack.openImage(scene.image, { namespace: 'two', readOnly: true })
    const sector = Buffer.alloc(4096)
    await device.read(2, sector)
    await device.close()
    expect(sector.equals(Buffer.alloc(4096, 'two'))).toBe(true)
    expect(
      readFileSync(scene.image)
        .subarray(0, 18 * MIB)
        .equals(before),
    ).toBe(true)
  })

  test('the other one cannot be mounted at the same time, and the reason is told', async () => {
    await scene.mount('--namespace', 'one')
    const other = join(scene.folder, 'other')
    mkdirSync(other)
    const mount = scene.start(scene.image, other, '--namespace', 'two')
    expect(await mount.exited).toBe(1)
    expect(mount.said).toContain('the lock is of the whole image, with all 2 namespaces')
  })

  test('without a name it is refused, and the names are told', async () => {
    const mount = scene.start(scene.image, scene.mountPoint)
    expect(await mount.exited).toBe(1)
    expect(mount.said).toMatch(/2 namespaces; .*0 'one' .*1 'two'/)
  })
})
