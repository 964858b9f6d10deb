import * as v from 'valibot'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ProviderUrlError, type PmemProvider } from '@bttkit/interfaces'
import { DaxProvider, providerPlugin, type Persistence } from './index.ts'
import {
  forcePmem,
  makeDirectory,
  makeFile,
  skipWithoutMappings,
  withoutInner,
} from './scratch.test-support.ts'

skipWithoutMappings()

/** It is closed after the test. */
async function open(
  path: string,
  options: { readOnly?: boolean; createSizeBytes?: number; persist?: Persistence } = {},
): Promise<PmemProvider> {
  const { persist, ...others } = options
  const location = { scheme: 'dax', path, values: { persist }, url: `dax:${path}` }
  const provider = await providerPlugin.open(location, { readOnly: false, ...others }, withoutInner)
  onTestFinished(() => provider.close() as undefined)
  return provider
}

test('maps a file by its path', async () => {
  const path = makeFile(4096)
  expect(await open(path, { readOnly: true })).toMatchObject({
    name: path,
    size: 4096,
    readOnly: true,
  })
  expect(providerPlugin.schemes).toEqual(['dax'])
})

test('makes a file', async () => {
  const provider = await open(join(makeDirectory(), 'new.img'), { createSizeBytes: 8192 })
  expect(provider.size).toBe(8192)
})

test('persists by msync where the location says so', async () => {
  forcePmem()
  expect(await open(makeFile(4096), { persist: 'msync' })).toMatchObject({ persistence: 'msync' })
})

test('another thread joins the same file', async () => {
  const opened = await open(makeFile(4096))
  const share = opened.share?.() ?? expect.fail('it cannot be shared')
  const joined = await providerPlugin.join?.(share, {
    joinInner: () => expect.fail('there is nothing under it'),
  })
  onTestFinished(() => joined?.close() as undefined)
  expect(joined).toBeInstanceOf(DaxProvider)
  joined?.write(0, Uint8Array.of(7))
  expect(opened.mapping?.[0]).toBe(7)
})

test('refuses a location without a path', async () => {
  await expect(open('')).rejects.toThrow(ProviderUrlError)
})

test.each([
  [undefined, true],
  ['msync', true],
  ['libpmem', true],
  ['fsync', false],
  [1, false],
])('takes %j for the way to persist: %s', (persist, taken) => {
  expect(v.safeParse(providerPlugin.parameters.persist, persist).success).toBe(taken)
})
