import { ProviderIoError, ProviderOpenError } from '@bttkit/interfaces'

function errnoOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'EIO'
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** What the system said while an image was opened, as users of any provider know it: by `code` and `errno`. */
export function openError(image: string, cause: unknown): ProviderOpenError {
  return new ProviderOpenError({ image }, `cannot be opened: ${reasonOf(cause)}`, errnoOf(cause), { cause })
}

/** The same of reading, storing and flushing. */
export function ioError(image: string, action: string, cause: unknown): ProviderIoError {
  return new ProviderIoError({ image }, `${action} failed: ${reasonOf(cause)}`, errnoOf(cause), { cause })
}
