/** Files that are cut under their mapping. A touch of what was cut away would end the process of the test. */
import { truncateSync } from 'node:fs'
import { expect, onTestFinished, test, vi } from 'vitest'
import { ProviderIoError } from '@bttkit/interfaces'
import { loadLibpmem } from './native.ts'
import {
  forcePmem,
  makeFile,
  nativeCalls,
  openDax,
  skipWithoutMappings,
  watchSync,
} from './scratch.test-support.ts'

skipWithoutMappings()

const CUT = /was cut to 4096 bytes after it had been mapped with 8192/

test.for(['msync', 'libpmem'] as const)(
  'a flush by %s of a file that was cut fails, and touches nothing',
  (persist, context) => {
    if (persist === 'libpmem') {
      if (loadLibpmem() === undefined) context.skip('libpmem.so.1 is not installed')
      forcePmem()
    }
    const path = makeFile(8192)
    const provider = openDax(path, { persist })
    provider.write(8000, Uint8Array.of(1))
    truncateSync(path, 4096)
    const sync = watchSync()
    expect(() => provider.flush()).toThrow(CUT)
    expect(sync).not.toHaveBeenCalled()
  },
)

test('from then on every call fails', () => {
  const path = makeFile(8192)
  const provider = openDax(path)
  truncateSync(path, 4096)
  expect(() => provider.flush()).toThrow(ProviderIoError)
  truncateSync(path, 8192)
  const calls = [
    () => provider.read(8000, new Uint8Array(1)),
    () => provider.write(8000, Uint8Array.of(1)),
    () => provider.persist(8000, 1),
    () => provider.zero(8000, 1),
    () => provider.flush(),
    () => provider.share(),
    () => provider.lock('shared'),
  ]
  for (const call of calls) expect(call).toThrow(CUT)
})

test('other calls find it out before long', () => {
  const path = makeFile(8192)
  const provider = openDax(path)
  truncateSync(path, 4096)
  const target = new Uint8Array(8)
  expect(() => {
    for (let call = 0; call < 100; call++) provider.read(0, target)
  }).toThrow(CUT)
})

test('a size that cannot be asked for is a failure', () => {
  const provider = openDax(4096)
  const sizeOf = vi.spyOn(nativeCalls(), 'sizeOf').mockReturnValue('EIO')
  onTestFinished(() => sizeOf.mockRestore())
  expect(() => provider.flush()).toThrow(expect.objectContaining({ code: 'BTT_PROVIDER_IO', errno: 'EIO' }))
})

test('a file that grew is as it was', () => {
  const path = makeFile(4096)
  const provider = openDax(path)
  truncateSync(path, 8192)
  expect(provider.flush()).toBeUndefined()
})
