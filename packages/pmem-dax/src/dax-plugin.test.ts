import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ProviderUrlError, type PmemProvider, type ProviderLocation } from '@bttkit/interfaces'
import { daxPlugin, DaxProvider } from './index.ts'
import { forcePmem, makeDirectory, makeFile, skipWithoutMappings } from './scratch.test-support.ts'

skipWithoutMappings()

function location(path: string, parameters: Record<string, string> = {}): ProviderLocation {
  const query = new URLSearchParams(parameters)
  return { scheme: 'dax', path, parameters: new Map(Object.entries(parameters)), url: `dax:${path}?${query}` }
}

/** It is closed after the test. */
async function open(
  where: ProviderLocation,
  options: { readOnly?: boolean; createSizeBytes?: number } = {},
): Promise<PmemProvider> {
  const provider = await daxPlugin.open(where, { readOnly: false, ...options })
  onTestFinished(() => provider.close() as undefined)
  return provider
}

test('maps a file by its path', async () => {
  const path = makeFile(4096)
  expect(await open(location(path), { readOnly: true })).toMatchObject({
    name: path,
    size: 4096,
    readOnly: true,
  })
  expect(daxPlugin.schemes).toEqual(['dax'])
})

test('makes a file', async () => {
  const provider = await open(location(join(makeDirectory(), 'new.img')), { createSizeBytes: 8192 })
  expect(provider.size).toBe(8192)
})

test('persists by msync where the URL says so', async () => {
  forcePmem()
  expect(await open(location(makeFile(4096), { persist: 'msync' }))).toMatchObject({ persistence: 'msync' })
})

test('another thread joins the same file', async () => {
  const opened = await open(location(makeFile(4096)))
  const share = opened.share?.() ?? expect.fail('it cannot be shared')
  const joined = await daxPlugin.join?.(share, { joinInner: () => expect.fail('there is nothing under it') })
  onTestFinished(() => joined?.close() as undefined)
  expect(joined).toBeInstanceOf(DaxProvider)
  joined?.write(0, Uint8Array.of(7))
  expect(opened.mapping?.[0]).toBe(7)
})

test.each([
  ['no path', '', {}],
  ['an unknown parameter', 'x', { sync: 'yes' }],
  ['an unknown method', 'x', { persist: 'fsync' }],
])('refuses %s', async (_what, path, parameters) => {
  await expect(open(location(path, parameters as Record<string, string>))).rejects.toThrow(ProviderUrlError)
})
