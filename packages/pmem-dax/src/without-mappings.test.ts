/** As on a system that cannot map files, or without koffi. */
import { expect, test, vi } from 'vitest'
import { ProviderOpenError } from '@bttkit/interfaces'
import { DaxProvider } from './index.ts'
import { makeFile } from './scratch.test-support.ts'

vi.mock('./native.ts', () => ({ loadNative: () => undefined, loadLibpmem: () => undefined }))

test('a file cannot be opened, and it says why', () => {
  const opening = (): unknown => DaxProvider.open(makeFile(4096))
  expect(opening).toThrow(ProviderOpenError)
  expect(opening).toThrow(/only on 64-bit Linux, and where koffi loads \(ENOSYS\)/)
})
