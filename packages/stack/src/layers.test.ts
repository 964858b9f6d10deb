/** Storage under a layer: by its URL, with its lock. */
import { existsSync, readFileSync } from 'node:fs'
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import {
  defineProviderPlugin,
  ImageLockedError,
  ProviderOpenError,
  ProviderUrlError,
  type ProviderPlugin,
} from '@bttkit/interfaces'
import type { Image } from './image-configuration.ts'
import { MIB, recording } from './recording-provider.test-support.ts'
import { newPath } from './scratch.test-support.ts'
import { createStack } from './stack.ts'

/** All that means something in a URL, or looks as if it did. */
const AWKWARD_NAME = 'a b%20c?d&e=f:g%.img'

const stack = createStack()

test('a layer is opened over what its URL names, with the parameters of both', async () => {
  const provider = await stack.openProvider('sleeping-flush:mem:x?size=1MiB&flushDelayMs=1', {
    readOnly: false,
  })
  expect(provider).toMatchObject({ name: 'mem:x?size=1MiB', size: MIB, flushDelayMs: 1 })
})

test('layers lie over layers', async () => {
  const image = 'sleeping-flush:sleeping-flush:mem:?size=1MiB&flushDelayMs=1'
  const provider = await stack.openProvider(image, { readOnly: false })
  expect(provider).toMatchObject({ name: 'mem:?size=1MiB', flushDelayMs: 1 })
})

describe('a path that is encoded once reaches the file', () => {
  const encoded = (path: string): string => encodeURIComponent(path)

  test.each([
    ['without a layer', (path: string) => `file:${encoded(path)}`],
    ['under a layer, as a path', (path: string) => `sleeping-flush:${encoded(path)}`],
    ['under a layer, as a URL', (path: string) => `sleeping-flush:file:${encoded(path)}?flush=async`],
    ['under two', (path: string) => `sleeping-flush:sleeping-flush:${encoded(path)}`],
    ['under three, as a URL', (path: string) => `delay:sleeping-flush:fault:file:${encoded(path)}`],
  ])('%s', async (_, imageOf) => {
    const path = newPath(AWKWARD_NAME)
    const provider = await stack.openProvider(imageOf(path), { readOnly: false, createSizeBytes: 4096 })
    await provider.write(0, Uint8Array.of(1, 2, 3))
    await provider.close()
    expect([...readFileSync(path).subarray(0, 4)]).toEqual([1, 2, 3, 0])
  })
})

test('a configuration reaches the same file, as it is', async () => {
  const path = newPath(AWKWARD_NAME)
  const image: Image = {
    scheme: 'delay',
    parameters: { flushDelayMs: 0 },
    inner: { scheme: 'sleeping-flush', parameters: { flushDelayMs: 1 }, inner: { scheme: 'file', path } },
  }
  const provider = await stack.openProvider(image, { readOnly: false, createSizeBytes: 4096 })
  await provider.close()
  expect(existsSync(path)).toBe(true)
})

test('two layers of a configuration have the same parameter, each its own', async () => {
  const log: unknown[] = []
  const layer = (scheme: string): ProviderPlugin =>
    defineProviderPlugin({
      name: scheme,
      schemes: [scheme],
      isLayer: true,
      parameters: { mark: v.optional(v.unknown(), 'none') },
      open: async ({ values, path, url }, _, host) => {
        log.push([scheme, values.mark, path, url])
        return host.openInner()
      },
    })
  const own = createStack({ plugins: [layer('outer'), layer('inner')] })
  const image: Image = {
    scheme: 'outer',
    parameters: { mark: 1 },
    inner: { scheme: 'inner', parameters: { mark: 'two' }, inner: 'inner:mem:?size=64KiB' },
  }
  const provider = await own.openProvider(image, { readOnly: false })
  expect(provider.size).toBe(65_536)
  expect(log).toEqual([
    ['outer', 1, 'inner:inner:mem:?mark=two&size=64KiB', 'outer:inner:inner:mem:?mark=1&mark=two&size=64KiB'],
    ['inner', 'two', 'inner:mem:?size=64KiB', 'inner:inner:mem:?mark=two&size=64KiB'],
    ['inner', 'none', 'mem:?size=64KiB', 'inner:mem:?size=64KiB'],
  ])
})

test('storage that is no layer has nothing to open under it', async () => {
  const plugin = defineProviderPlugin({
    name: 'greedy',
    schemes: ['greedy'],
    parameters: {},
    open: async (_, __, host) => host.openInner(),
  })
  const opening = createStack({ plugins: [plugin] }).openProvider('greedy:x', { readOnly: false })
  await expect(opening).rejects.toMatchObject({ cause: expect.any(TypeError) })
  await expect(opening).rejects.toThrow("greedy:x: the provider 'greedy' failed: this is no layer")
})

test('what the inner storage does not know is refused in its name', async () => {
  const opening = stack.openProvider('sleeping-flush:mem:?size=1MiB&sise=2', { readOnly: false })
  await expect(opening).rejects.toThrow(ProviderUrlError)
  await expect(opening).rejects.toThrow("no parameter 'sise'")
})

test('what the layer refuses opens nothing', async () => {
  const path = newPath()
  const options = { readOnly: false, createSizeBytes: 4096 }
  const opening = stack.openProvider(`sleeping-flush:${path}?flushDelayMs=-1`, options)
  await expect(opening).rejects.toThrow(ProviderUrlError)
  expect(existsSync(path)).toBe(false)
})

test('an inner file that is not there', async () => {
  const opening = stack.openProvider(`sleeping-flush:${newPath()}`, { readOnly: false })
  await expect(opening).rejects.toThrow(ProviderOpenError)
})

test('the inner storage is opened as the layer is, and locked and closed once', async () => {
  const { plugin, log, openings } = recording()
  const own = createStack({ plugins: [plugin] })
  const options = { readOnly: true, blocking: true, threads: true }
  const provider = await own.openProvider('sleeping-flush:recording:', options)
  expect(openings).toEqual([expect.objectContaining(options)])
  expect(log).toEqual(['open', 'lock shared'])
  await provider.close()
  expect(log).toEqual(['open', 'lock shared', 'close'])
})

test('the lock of a file is taken under a layer', async () => {
  const path = newPath()
  const image = `sleeping-flush:${path}`
  const first = await stack.openProvider(image, { readOnly: false, createSizeBytes: 4096 })
  await expect(stack.openProvider(path, { readOnly: false })).rejects.toThrow(ImageLockedError)
  await expect(stack.openProvider(image, { readOnly: false })).rejects.toThrow(ImageLockedError)
  await first.close()
  await (await stack.openProvider(path, { readOnly: false })).close()
})

test('an image under a layer is made, attached, written and read', async () => {
  const path = newPath()
  await stack.createImage(`sleeping-flush:${path}?flushDelayMs=0`, { sizeBytes: 17 * MIB })
  const slow = await stack.openImage(`sleeping-flush:${path}?flushDelayMs=0`)
  const sector = new Uint8Array(slow.sectorSize).fill(5)
  await slow.write(3, sector)
  await slow.close()
  const device = await stack.openImage(path)
  const back = new Uint8Array(device.sectorSize)
  await device.read(3, back)
  await device.close()
  expect(back).toEqual(sector)
})

test('under a read-only layer the storage is opened for reading, and its lock shared', async () => {
  const { plugin, log, openings } = recording()
  const own = createStack({ plugins: [plugin] })
  const provider = await own.openProvider('read-only:recording:', { readOnly: false })
  expect(provider.readOnly).toBe(true)
  expect(openings).toEqual([expect.objectContaining({ readOnly: true })])
  expect(log).toEqual(['open', 'lock shared'])
  await provider.close()
})

test('with a parameter that no level of a URL knows one is told those of all levels', async () => {
  const options = { readOnly: false }
  await expect(stack.openProvider('sleeping-flush:delay:mem:?flushDelay=2', options)).rejects.toThrow(
    /no parameter 'flushDelay'; there is size, and for the layers over it flushDelayMs, .*writeDelayMs/,
  )
})

test('in a configuration a level has its own parameters only', async () => {
  const image = { scheme: 'delay', inner: { scheme: 'mem', parameters: { writeDelayMs: 1 } } }
  const opening = stack.openProvider(image, { readOnly: false })
  await expect(opening).rejects.toThrow(/no parameter 'writeDelayMs'; there is size$/)
})
