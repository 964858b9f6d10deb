import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MIB, Scene, fromSource, isFree, run, until, whyNoFuse } from './mounting.test-support.ts'

const UNMOUNT = new URL('unmount-program.test-support.ts', import.meta.url).pathname
const PLUGINS = new URL('provider-plugins.test-support.ts', import.meta.url).pathname

describe.skipIf(whyNoFuse() !== undefined)(`btt unmount ${whyNoFuse() ?? ''}`, () => {
  let scene: Scene
  beforeEach(() => {
    scene = new Scene()
  })
  afterEach(() => scene.dispose())

  async function unmount(...args: readonly string[]): Promise<{ code: number | string; said: string }> {
    const program = scene.startCommand([process.execPath, ...fromSource(UNMOUNT, ...args)])
    const code = await program.exited
    return { code, said: program.said }
  }

  async function mountLingering(...options: readonly string[]): Promise<void> {
    await scene.create(17 * MIB)
    const image = `lingering:${scene.image}`
    const mount = scene.start('--plugin', PLUGINS, ...options, image, scene.mountPoint)
    await until('mounted', () => mount.said.includes('is mounted') || mount.hasExited)
  }

  test.each(['rw', 'ro'])(
    'returns when the image is closed, however long that takes, with the option %s',
    async (option) => {
      await mountLingering('-o', option)
      expect(await unmount('--plugin', PLUGINS, scene.mountPoint)).toEqual({ code: 0, said: '' })
      expect(await isFree(scene.image)).toBe(true)
    },
  )

  test('of an image by a plugin that it does not get says that it cannot wait', async () => {
    await mountLingering()
    const { code, said } = await unmount(scene.mountPoint)
    expect(code).toBe(0)
    expect(said).toMatch(/cannot tell whether the image is closed: [^\n]+\n$/)
  })

  test('finds the image of a relative URL', async () => {
    await scene.create(17 * MIB)
    const mount = scene.startCommand([
      'sh',
      '-c',
      'cd "$1" && shift && exec "$@"',
      'sh',
      scene.folder,
      process.execPath,
      ...fromSource(new URL('main.ts', import.meta.url).pathname, 'file:image.btt', scene.mountPoint),
    ])
    await until('mounted', () => mount.said.includes('is mounted') || mount.hasExited)
    expect(run('findmnt', '--noheadings', '--output=SOURCE', scene.mountPoint).trim()).toBe(scene.image)
    expect(await unmount(scene.mountPoint)).toEqual({ code: 0, said: '' })
    expect(await isFree(scene.image)).toBe(true)
  })

  test('of an image whose file was removed meanwhile unmounts it', async () => {
    await scene.create(17 * MIB)
    const mount = await scene.mount()
    rmSync(scene.image)
    expect((await unmount(scene.mountPoint)).code).toBe(0)
    expect(await mount.exited).toBe(0)
  })

  test('of a mount in use says so, and it goes on', async () => {
    await scene.create(17 * MIB)
    const mount = await scene.mount()
    const user = scene.startCommand([
      'sh',
      '-c',
      'cd "$1" && echo there && exec sleep 60',
      'sh',
      scene.mountPoint,
    ])
    await until('somebody uses it', () => user.said.includes('there'))
    const { code, said } = await unmount(scene.mountPoint)
    expect(code).toBe(1)
    expect(said).toMatch(/^unmount: [^\n]*in use[^\n]*\n$/)
    expect(mount.hasExited).toBe(false)
    user.kill('SIGKILL')
    await user.exited
  })

  test.each(['a folder', 'nowhere'])('of %s where nothing is mounted is one line', async (name) => {
    const folder = join(scene.folder, name)
    if (name === 'a folder') mkdirSync(folder)
    const { code, said } = await unmount(folder)
    expect(code).toBe(1)
    expect(said).toBe(`unmount: no image is mounted on ${folder}\n`)
  })

  test('of something else than an image leaves it alone', async () => {
    run('mount', '-t', 'tmpfs', 'not-ours', scene.mountPoint)
    try {
      expect((await unmount(scene.mountPoint)).code).toBe(1)
      expect(scene.isMounted()).toBe(true)
    } finally {
      run('umount', scene.mountPoint)
    }
    expect(existsSync(scene.mountPoint)).toBe(true)
  })
})
