import { expect, test } from 'vitest'
import { ProviderOpenError, ProviderUrlError, type ProviderLocation } from '@bttkit/interfaces'
import { memoryPlugin } from './index.ts'

function location(path: string, parameters: Record<string, string>): ProviderLocation {
  const query = new URLSearchParams(parameters)
  return { scheme: 'mem', path, parameters: new Map(Object.entries(parameters)), url: `mem:${path}?${query}` }
}

test('makes zeros of the size in the URL', async () => {
  const provider = await memoryPlugin.open(location('', { size: '64KiB' }), { readOnly: false })
  expect(provider.size).toBe(65536)
  expect(provider.name).toBe('mem:?size=64KiB')
  expect(provider.mapping?.every((byte) => byte === 0)).toBe(true)
  expect(memoryPlugin.schemes).toEqual(['mem'])
})

test('takes the size of a creation where the URL has none', async () => {
  const provider = await memoryPlugin.open(location('', {}), { readOnly: false, createSizeBytes: 4096 })
  expect(provider.size).toBe(4096)
})

test('can be read-only', async () => {
  const provider = await memoryPlugin.open(location('', { size: '1k' }), { readOnly: true })
  expect(provider.readOnly).toBe(true)
})

test.each([
  ['no size', {}, undefined],
  ['a size that is none', { size: 'large' }, undefined],
  ['two sizes', { size: '1k' }, 2048],
  ['an unknown parameter', { size: '1k', sise: '2k' }, undefined],
])('refuses %s', async (_what, parameters, createSizeBytes) => {
  const options = { readOnly: false, ...(createSizeBytes === undefined ? {} : { createSizeBytes }) }
  await expect(
    memoryPlugin.open(location('', parameters as Record<string, string>), options),
  ).rejects.toThrow(ProviderUrlError)
})

test('more than there is', async () => {
  const opening = memoryPlugin.open(location('', { size: '4096T' }), { readOnly: false })
  await expect(opening).rejects.toThrow(ProviderOpenError)
  await expect(opening).rejects.toMatchObject({ errno: 'ENOMEM' })
})

test('for threads, another one joins the same memory', async () => {
  const opened = await memoryPlugin.open(location('', { size: '64' }), { readOnly: false, threads: true })
  const share = opened.share?.() ?? expect.fail('it cannot be shared')
  const joined = await memoryPlugin.join?.(share, {
    joinInner: () => expect.fail('there is nothing under it'),
  })
  expect(joined?.name).toBe('mem:?size=64')
  joined?.write(60, Uint8Array.of(1, 2, 3, 4))
  expect(opened.mapping?.subarray(60)).toEqual(Uint8Array.of(1, 2, 3, 4))
})

test('not for threads, it cannot be shared', async () => {
  const provider = await memoryPlugin.open(location('', { size: '64' }), { readOnly: false })
  expect(() => provider.share?.()).toThrow('mem:?size=64: only one thread can have this memory')
})
