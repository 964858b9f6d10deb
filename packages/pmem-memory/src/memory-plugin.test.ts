import * as v from 'valibot'
import { expect, test } from 'vitest'
import {
  ProviderOpenError,
  ProviderUrlError,
  type PmemProvider,
  type ProviderOpenOptions,
} from '@bttkit/interfaces'
import { providerPlugin } from './index.ts'

function open(size: number | undefined, options: ProviderOpenOptions): Promise<PmemProvider> {
  const location = { scheme: 'mem', path: '', values: { size }, url: `mem:?size=${size}` }
  return providerPlugin.open(location, options, { openInner: () => expect.fail('memory is no layer') })
}

test('makes zeros of the size in the URL', async () => {
  const provider = await open(65_536, { readOnly: false })
  expect(provider.size).toBe(65_536)
  expect(provider.name).toBe('mem:?size=65536')
  expect(provider.mapping?.every((byte) => byte === 0)).toBe(true)
  expect(providerPlugin.schemes).toEqual(['mem'])
})

test('takes the size of a creation where the URL has none', async () => {
  const provider = await open(undefined, { readOnly: false, createSizeBytes: 4096 })
  expect(provider.size).toBe(4096)
})

test('can be read-only', async () => {
  const provider = await open(1024, { readOnly: true })
  expect(provider.readOnly).toBe(true)
})

test.each([
  ['64KiB', 65_536],
  ['512', 512],
  [4096, 4096],
  [0, 0],
  [undefined, undefined],
])('the size %j is %j bytes', (given, bytes) => {
  expect(v.parse(providerPlugin.parameters.size, given)).toBe(bytes)
})

test.each(['large', '', '-1', -1, 0.5, 2 ** 53, Number.NaN, true, null])('%j is no size', (given) => {
  expect(() => v.parse(providerPlugin.parameters.size, given)).toThrow('a text such as 64MiB')
})

test.each([
  ['no size', undefined, undefined],
  ['two sizes', 1024, 2048],
])('refuses %s', async (_what, size, createSizeBytes) => {
  const options = { readOnly: false, ...(createSizeBytes === undefined ? {} : { createSizeBytes }) }
  await expect(open(size, options)).rejects.toThrow(ProviderUrlError)
})

test('more than there is', async () => {
  const opening = open(2 ** 52, { readOnly: false })
  await expect(opening).rejects.toThrow(ProviderOpenError)
  await expect(opening).rejects.toMatchObject({ errno: 'ENOMEM' })
})

test('for threads, another one joins the same memory', async () => {
  const opened = await open(64, { readOnly: false, threads: true })
  const share = opened.share?.() ?? expect.fail('it cannot be shared')
  const joined = await providerPlugin.join?.(share, {
    joinInner: () => expect.fail('there is nothing under it'),
  })
  expect(joined?.name).toBe('mem:?size=64')
  joined?.write(60, Uint8Array.of(1, 2, 3, 4))
  expect(opened.mapping?.subarray(60)).toEqual(Uint8Array.of(1, 2, 3, 4))
})

test('not for threads, it cannot be shared', async () => {
  const provider = await open(64, { readOnly: false })
  expect(() => provider.share?.()).toThrow('mem:?size=64: only one thread can have this memory')
})
