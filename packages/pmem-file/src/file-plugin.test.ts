import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ProviderOpenError, ProviderUrlError, type ProviderLocation } from '@bttkit/interfaces'
import { filePlugin } from './index.ts'
import { makeDirectory, makeFile } from './scratch.test-support.ts'

function location(path: string, parameters: Record<string, string> = {}): ProviderLocation {
  const query = new URLSearchParams(parameters)
  return {
    scheme: 'file',
    path,
    parameters: new Map(Object.entries(parameters)),
    url: `file:${path}?${query}`,
  }
}

test('opens a file by its path', async () => {
  const path = makeFile(4096)
  const provider = await filePlugin.open(location(path), { readOnly: true })
  expect(provider).toMatchObject({ name: path, size: 4096, readOnly: true })
  await provider.close()
  expect(filePlugin.schemes).toEqual(['file'])
})

test('makes a file', async () => {
  const path = join(makeDirectory(), 'new.img')
  const provider = await filePlugin.open(location(path), { readOnly: false, createSizeBytes: 8192 })
  expect(provider.size).toBe(8192)
  expect(existsSync(path)).toBe(true)
  await provider.close()
})

test.each([
  [{}, undefined, 'sleeps'],
  [{}, true, 'immediate'],
  [{ flush: 'blocking' }, undefined, 'immediate'],
  [{ flush: 'blocking' }, false, 'immediate'],
  [{ flush: 'async' }, true, 'sleeps'],
])(
  'parameters %o with blocking %s: flush %s',
  async (parameters: Record<string, string>, blocking, flush) => {
    const options = { readOnly: false, ...(blocking === undefined ? {} : { blocking }) }
    const provider = await filePlugin.open(location(makeFile(1), parameters), options)
    expect(provider.capabilities.flush).toBe(flush)
    await provider.close()
  },
)

test.each([{ flush: 'never' }, { flsh: 'blocking' }])(
  'refuses the parameters %o',
  async (parameters: Record<string, string>) => {
    const opening = filePlugin.open(location(makeFile(1), parameters), { readOnly: false })
    await expect(opening).rejects.toThrow(ProviderUrlError)
  },
)

test('refuses a URL without a path', async () => {
  await expect(filePlugin.open(location(''), { readOnly: false })).rejects.toThrow(ProviderUrlError)
})

test('rejects where there is no such file', async () => {
  const opening = filePlugin.open(location(join(makeDirectory(), 'missing')), { readOnly: false })
  await expect(opening).rejects.toThrow(ProviderOpenError)
})
