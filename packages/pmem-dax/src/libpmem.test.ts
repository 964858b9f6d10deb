/** With libpmem, over a page cache that passes for persistent memory. */
import { beforeEach, expect, test } from 'vitest'
import { daxPlugin } from './index.ts'
import {
  forcePmem,
  makeFile,
  openDax,
  readElsewhere,
  skipWithoutLibpmem,
  skipWithoutMappings,
  watchSync,
} from './scratch.test-support.ts'

skipWithoutMappings()
skipWithoutLibpmem()
beforeEach(() => forcePmem())

test('with persistent memory it is libpmem', () => {
  expect(openDax(4096).persistence).toBe('libpmem')
})

test('it needs no msync', () => {
  const sync = watchSync()
  const provider = openDax(65536)
  provider.write(0, new Uint8Array(512))
  provider.persist(0, 512)
  provider.write(1, Uint8Array.of(1))
  provider.flush()
  expect(sync).not.toHaveBeenCalled()
})

test('what it persisted another process reads', () => {
  const path = makeFile(8192)
  const provider = openDax(path, { persist: 'libpmem' })
  provider.write(4000, Uint8Array.of(1, 2, 3, 4))
  provider.persist(4000, 4)
  provider.write(8191, Uint8Array.of(5))
  provider.flush()
  expect([...readElsewhere(path, 4000, 4), ...readElsewhere(path, 8191, 1)]).toEqual([1, 2, 3, 4, 5])
})

test('a URL can ask for it', async () => {
  const path = makeFile(4096)
  const url = `dax:${path}?persist=libpmem`
  const parameters = new Map([['persist', 'libpmem']])
  const provider = await daxPlugin.open({ scheme: 'dax', path, parameters, url }, { readOnly: false })
  expect(provider).toMatchObject({ persistence: 'libpmem' })
  await provider.close()
})
