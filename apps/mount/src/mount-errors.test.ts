import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { kernelImage } from '@bttkit/fixtures'
import { MIB, Scene, whyNoFuse } from './mounting.test-support.ts'

describe.skipIf(whyNoFuse() !== undefined)(`a mount that cannot be made ${whyNoFuse() ?? ''}`, () => {
  let scene: Scene
  beforeEach(() => {
    scene = new Scene()
  })
  afterEach(() => scene.dispose())

  /** The exit code and the only line of a mount that fails. */
  async function refusal(...args: readonly string[]): Promise<{ code: number | string; line: string }> {
    const mount = scene.start(...args)
    const code = await mount.exited
    const lines = mount.said.trimEnd().split('\n')
    expect(lines).toEqual([expect.any(String)])
    return { code, line: lines[0] ?? '' }
  }

  test('of a missing image names it', async () => {
    const { code, line } = await refusal(scene.image, scene.mountPoint)
    expect(code).toBe(1)
    expect(line).toContain(scene.image)
    expect(line).toContain('ENOENT')
  })

  test('on a missing mount point names it, and leaves an interrupted image as it was', async () => {
    const image = kernelImage('crash-512')
    image.writeTo(scene.image)
    const { code, line } = await refusal(scene.image, join(scene.folder, 'nowhere'))
    expect(code).toBe(1)
    expect(line).toContain('nowhere does not exist')
    expect(Buffer.compare(readFileSync(scene.image), image.bytes())).toBe(0)
  })

  test('on a mount point that is not empty says so', async () => {
    await scene.create(17 * MIB)
    writeFileSync(join(scene.mountPoint, 'a file'), '')
    expect(await refusal(scene.image, scene.mountPoint)).toMatchObject({
      code: 1,
      line: expect.stringContaining('not empty'),
    })
  })

  test('on a file says so', async () => {
    await scene.create(17 * MIB)
    expect(await refusal(scene.image, scene.image)).toMatchObject({
      code: 1,
      line: expect.stringContaining('not a directory'),
    })
  })

  test('where something is mounted says so, and of an image in use names who uses it', async () => {
    await scene.create(17 * MIB)
    const first = await scene.mount()
    expect(await refusal(scene.image, scene.mountPoint)).toMatchObject({
      code: 1,
      line: expect.stringContaining('already has something mounted'),
    })
    const other = join(scene.folder, 'other')
    mkdirSync(other)
    const { code, line } = await refusal(scene.image, other)
    expect(code).toBe(1)
    expect(line).toContain(scene.image)
    expect(line).toContain(String(first.child.pid))
  })

  test('of an image that must not be written says why and how to read it', async () => {
    kernelImage('bad-flog-same-seq').writeTo(scene.image)
    const { code, line } = await refusal(scene.image, scene.mountPoint)
    expect(code).toBe(1)
    expect(line).toMatch(/sequence numbers.*read-only/)
    const mount = await scene.mount('-o', 'ro')
    expect(existsSync(scene.disk)).toBe(true)
    await scene.unmount(mount)
  })

  test.each([
    [['--nonsense'], 'unknown option'],
    [['-o', 'nonsense'], 'nonsense'],
    [['--durability', 'sometimes'], 'durability'],
    [['-o', 'durability=sometimes'], 'durability'],
  ])('with %j is refused before anything is opened', async (args, reason) => {
    await scene.create(17 * MIB)
    const { code, line } = await refusal(scene.image, scene.mountPoint, ...args)
    expect(code).toBe(2)
    expect(line).toContain(reason)
  })

  test('without operands is a wrong call', async () => {
    expect(await refusal()).toMatchObject({ code: 2, line: expect.stringContaining('missing') })
  })
})
