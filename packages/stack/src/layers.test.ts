/** Storage under a layer: by its URL, with its lock. */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { ImageLockedError, ProviderOpenError, ProviderUrlError } from '@bttkit/interfaces'
import { MIB, recording } from './recording-provider.test-support.ts'
import { newPath } from './scratch.test-support.ts'
import { createStack } from './stack.ts'

/** All that means something in a URL, or looks as if it did. */
const AWKWARD_NAME = 'a b%20c?d&e=f%.img'

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
  ])('%s', async (_, imageOf) => {
    const path = newPath(AWKWARD_NAME)
    const provider = await stack.openProvider(imageOf(path), { readOnly: false, createSizeBytes: 4096 })
    await provider.write(0, Uint8Array.of(1, 2, 3))
    await provider.close()
    expect([...readFileSync(path).subarray(0, 4)]).toEqual([1, 2, 3, 0])
  })
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
