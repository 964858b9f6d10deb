import { existsSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { expect, test } from 'vitest'
import {
  ProviderOpenError,
  ProviderUrlError,
  type PmemProvider,
  type ProviderOpenOptions,
} from '@bttkit/interfaces'
import { providerPlugin } from './index.ts'
import { makeDirectory, makeFile } from './scratch.test-support.ts'

type Flush = 'blocking' | 'async'

function open(path: string, options: ProviderOpenOptions, flush?: Flush): Promise<PmemProvider> {
  const location = { scheme: 'file', path, values: { flush }, url: `file:${path}` }
  return providerPlugin.open(location, options, { openInner: () => expect.fail('a file is no layer') })
}

test('opens a file by its path', async () => {
  const path = makeFile(4096)
  const provider = await open(path, { readOnly: true })
  expect(provider).toMatchObject({ name: path, size: 4096, readOnly: true })
  await provider.close()
  expect(providerPlugin.schemes).toEqual(['file'])
})

test('makes a file', async () => {
  const path = join(makeDirectory(), 'new.img')
  const provider = await open(path, { readOnly: false, createSizeBytes: 8192 })
  expect(provider.size).toBe(8192)
  expect(existsSync(path)).toBe(true)
  await provider.close()
})

test.each<[Flush | undefined, boolean | undefined, string]>([
  [undefined, undefined, 'sleeps'],
  [undefined, true, 'immediate'],
  ['blocking', undefined, 'immediate'],
  ['blocking', false, 'immediate'],
  ['async', true, 'sleeps'],
])('the parameter flush as %s, with blocking %s: flush %s', async (flush, blocking, behaviour) => {
  const options = { readOnly: false, ...(blocking === undefined ? {} : { blocking }) }
  const provider = await open(makeFile(1), options, flush)
  expect(provider.capabilities.flush).toBe(behaviour)
  await provider.close()
})

test('the parameter flush is one of two words', () => {
  const { flush } = providerPlugin.parameters
  expect(v.parse(flush, undefined)).toBeUndefined()
  expect(v.parse(flush, 'async')).toBe('async')
  expect(() => v.parse(flush, 'never')).toThrow('("blocking" | "async")')
})

test('refuses a URL without a path', async () => {
  await expect(open('', { readOnly: false })).rejects.toThrow(ProviderUrlError)
})

test('rejects where there is no such file', async () => {
  const opening = open(join(makeDirectory(), 'missing'), { readOnly: false })
  await expect(opening).rejects.toThrow(ProviderOpenError)
})
