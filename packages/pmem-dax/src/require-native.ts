import { ProviderOpenError } from '@bttkit/interfaces'
import { loadNative, type NativeCalls } from './native.ts'

/** @throws {ProviderOpenError} ENOSYS where files cannot be mapped. */
export function requireNative(path: string): NativeCalls {
  const native = loadNative()
  if (native !== undefined) return native
  const detail = 'files can be mapped only on 64-bit Linux, and where koffi loads (ENOSYS)'
  throw new ProviderOpenError({ image: path }, detail, 'ENOSYS')
}
