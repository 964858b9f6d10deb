import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import {
  ENGINE,
  ImageLockedError,
  LayoutError,
  NotABttError,
  PluginContractError,
  PROVIDER_CONTRACT,
  type Engine,
} from '@bttkit/interfaces'
import { registerProviderPlugin } from './container.ts'
import { MIB, recording } from './recording-provider.test-support.ts'
import { newPath } from './scratch.test-support.ts'
import { createStack } from './stack.ts'

const stack = createStack()

async function newImage(): Promise<string> {
  const image = newPath()
  await stack.createImage(image, { sizeBytes: 17 * MIB })
  return image
}

async function isFree(image: string): Promise<boolean> {
  try {
    await (await stack.openProvider(image, { readOnly: false })).close()
    return true
  } catch (error) {
    expect(error).toBeInstanceOf(ImageLockedError)
    return false
  }
}

describe('createStack', () => {
  const [major] = PROVIDER_CONTRACT.split('.').map(Number)

  test('refuses a plugin for another major version of the contract, with both versions', () => {
    const contract = `${(major ?? 0) + 1}.0`
    const making = (): unknown => createStack({ plugins: [{ ...recording().plugin, contract }] })
    expect(making).toThrow(PluginContractError)
    expect(making).toThrow(`'recording' was made for version ${contract} of the provider contract`)
    expect(making).toThrow(`this is version ${PROVIDER_CONTRACT}`)
  })

  test('takes one for another minor version', async () => {
    const plugin = { ...recording().plugin, contract: `${major}.999` }
    await createStack({ plugins: [plugin] }).openProvider('recording:', { readOnly: true })
  })

  test('knows all that bttkit comes with', () => {
    const schemes = ['file', 'mem', 'dax', 'sleeping-flush', 'fault', 'delay', 'trace', 'read-only', 'offset']
    expect(stack.schemes().toSorted()).toEqual(schemes.toSorted())
  })
})

describe('parts', () => {
  test('are the layers, topmost first, and what holds the bytes', () => {
    expect(stack.parts('delay:sleeping-flush:a%3Fb?flushDelayMs=1')).toEqual([
      { scheme: 'delay', plugin: expect.any(String), path: '' },
      { scheme: 'sleeping-flush', plugin: 'sleeping flush', path: '' },
      { scheme: 'file', plugin: 'file', path: 'a?b' },
    ])
  })

  test('are those of a configuration, too', () => {
    const parts = stack.parts({ scheme: 'delay', inner: 'mem:x' })
    expect(parts.map(({ scheme, path }) => [scheme, path])).toEqual([['delay', ''], ['mem', 'x']]) // oxfmt-ignore
  })
})

describe('openProvider', () => {
  test.each([
    [true, 'shared'],
    [false, 'exclusive'],
  ])('with readOnly %s takes the %s lock', async (readOnly, mode) => {
    const { plugin, log } = recording()
    await createStack({ plugins: [plugin] }).openProvider('recording:', { readOnly })
    expect(log).toEqual(['open', `lock ${mode}`])
  })

  test('is content with storage that has no lock', async () => {
    const provider = await stack.openProvider('mem:?size=1MiB', { readOnly: false })
    expect(provider.size).toBe(MIB)
  })

  test('closes the storage when its lock is refused', async () => {
    const refusal = new ImageLockedError({}, 'in use')
    const { plugin, log } = recording({ failingLock: refusal })
    const opening = createStack({ plugins: [plugin] }).openProvider('recording:', { readOnly: false })
    await expect(opening).rejects.toBe(refusal)
    expect(log).toEqual(['open', 'lock exclusive', 'close'])
  })

  test('lets readers in together, and no writer beside them', async () => {
    const image = await newImage()
    const first = await stack.openProvider(image, { readOnly: true })
    const second = await stack.openProvider(image, { readOnly: true })
    await first.close()
    expect(await isFree(image)).toBe(false)
    await second.close()
    expect(await isFree(image)).toBe(true)
  })
})

describe('openImage', () => {
  test('opens the storage, locks it, and closing the device closes it', async () => {
    const { plugin, log } = recording()
    const own = createStack({ plugins: [plugin] })
    await own.createImage('recording:')
    log.length = 0
    const device = await own.openImage('recording:')
    expect(log).toEqual(['open', 'lock exclusive'])
    await device.close()
    expect(log).toEqual(['open', 'lock exclusive', 'close'])
  })

  test('tells the provider how it will be driven', async () => {
    const { plugin, openings } = recording()
    const own = createStack({ plugins: [plugin] })
    await own.createImage('recording:')
    await own.openImage('recording:', { readOnly: true, blocking: true })
    expect(openings[1]).toMatchObject({ readOnly: true, blocking: true, threads: false })
  })

  test('of storage without a BTT closes it', async () => {
    const { plugin, log } = recording()
    const opening = createStack({ plugins: [plugin] }).openImage('recording:')
    await expect(opening).rejects.toBeInstanceOf(NotABttError)
    expect(log).toEqual(['open', 'lock exclusive', 'close'])
  })

  test('says what failed first, not that closing failed too', async () => {
    const { plugin } = recording({ failingClose: new Error('cannot be closed') })
    const opening = createStack({ plugins: [plugin] }).openImage('recording:')
    await expect(opening).rejects.toBeInstanceOf(NotABttError)
  })

  test('of a file without a BTT leaves no lock', async () => {
    const image = newPath()
    writeFileSync(image, 'no BTT')
    truncateSync(image, 17 * MIB)
    await expect(stack.openImage(image)).rejects.toBeInstanceOf(NotABttError)
    expect(await isFree(image)).toBe(true)
  })

  test('refuses a second one, until the first is closed', async () => {
    const image = await newImage()
    const device = await stack.openImage(image)
    await expect(stack.openImage(image)).rejects.toBeInstanceOf(ImageLockedError)
    await expect(stack.openImage(image, { readOnly: true })).rejects.toBeInstanceOf(ImageLockedError)
    await device.close()
    await (await stack.openImage(image)).close()
  })

  test('for reading lets other readers in', async () => {
    const image = await newImage()
    const first = await stack.openImage(image, { readOnly: true })
    const second = await stack.openImage(image, { readOnly: true })
    await first.close()
    await second.close()
    expect(await isFree(image)).toBe(true)
  })
})

describe('createImage', () => {
  test('makes a file that can be attached, and leaves no lock', async () => {
    const image = newPath()
    await stack.createImage(image, { sizeBytes: 17 * MIB, externalLbasize: 512 })
    const device = await stack.openImage(image)
    expect(device.sectorSize).toBe(512)
    await device.close()
  })

  test('uses an existing blank file', async () => {
    const image = newPath()
    writeFileSync(image, '')
    truncateSync(image, 17 * MIB)
    await stack.createImage(image)
    await (await stack.openImage(image)).close()
  })

  test('without a size makes no file', async () => {
    const image = newPath()
    await expect(stack.createImage(image)).rejects.toThrow('ENOENT')
    expect(existsSync(image)).toBe(false)
  })

  test('refuses a file that holds something, which stays as it was, and closes it', async () => {
    const image = await newImage()
    const before = readFileSync(image)
    await expect(stack.createImage(image)).rejects.toThrow('forced')
    expect(Buffer.compare(readFileSync(image), before)).toBe(0)
    expect(await isFree(image)).toBe(true)
  })

  test('that cannot lay out what was asked for leaves an existing file as it was', async () => {
    const image = newPath()
    writeFileSync(image, Buffer.alloc(17 * MIB))
    await expect(stack.createImage(image, { externalLbasize: 513 })).rejects.toThrow('513')
    expect(readFileSync(image).equals(Buffer.alloc(17 * MIB))).toBe(true)
  })

  test.each([
    ['a size that is too small', { sizeBytes: MIB }],
    ['a sector size that there is not', { sizeBytes: 17 * MIB, externalLbasize: 513 }],
  ])('with %s leaves no file', async (_, options) => {
    const image = newPath()
    await expect(stack.createImage(image, options)).rejects.toThrow(LayoutError)
    expect(existsSync(image)).toBe(false)
  })

  test('tells its progress once', async () => {
    const done: number[] = []
    const image = newPath()
    await stack.createImage(image, { sizeBytes: 17 * MIB, onProgress: (doneBytes) => done.push(doneBytes) })
    expect(done).toEqual(done.toSorted((a, b) => a - b))
    expect(new Set(done).size).toBe(done.length)
    expect(done).not.toEqual([])
  })

  test('of an image in use is refused, even if forced', async () => {
    const image = await newImage()
    const device = await stack.openImage(image)
    await expect(stack.createImage(image, { force: true })).rejects.toBeInstanceOf(ImageLockedError)
    await device.close()
  })

  test('closes the storage when making the BTT fails', async () => {
    const { plugin, log } = recording({ bytes: new Uint8Array(100) })
    await expect(createStack({ plugins: [plugin] }).createImage('recording:')).rejects.toThrow('too small')
    expect(log).toEqual(['open', 'lock exclusive', 'close'])
  })
})

describe('two stacks share nothing', () => {
  test('of what plugins were given to one of them', () => {
    expect(createStack({ plugins: [recording().plugin] }).schemes()).toContain('recording')
    expect(createStack().schemes()).not.toContain('recording')
  })

  test('of what is registered later', () => {
    const first = createStack()
    const second = createStack()
    registerProviderPlugin(first.container, recording().plugin)
    expect(first.schemes()).toContain('recording')
    expect(second.schemes()).not.toContain('recording')
  })

  test('of what was replaced', () => {
    const engine = {} as Engine
    const replaced = createStack({
      configure: (container) => container.register(ENGINE, { useValue: engine }),
    })
    expect(replaced.engine()).toBe(engine)
    expect(createStack().engine()).not.toBe(engine)
  })
})
