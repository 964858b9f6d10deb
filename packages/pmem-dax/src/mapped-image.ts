import { closeSync } from 'node:fs'
import { removeImageFile } from '@bttkit/image-file'
import { FileMapping } from './file-mapping.ts'
import type { NativeCalls } from './native.ts'
import type { OpenImage } from './open-image.ts'
import type { Medium } from './persistence.ts'
import { persisterOf, type Persister } from './persister.ts'

/** An image in memory, and how its stores become durable. */
export interface MappedImage {
  readonly image: OpenImage
  readonly readOnly: boolean
  readonly native: NativeCalls
  readonly mapping: FileMapping
  readonly medium: Medium
  readonly persister: Persister
}

/**
 * @param image it is closed when this fails, removed if it is new, and nothing of it stays mapped
 * @param judge told whether the mapping is DAX with MAP_SYNC
 * @throws {ProviderOpenError}
 */
export function mapImage(
  image: OpenImage,
  readOnly: boolean,
  native: NativeCalls,
  judge: (synchronous: boolean) => Medium,
): MappedImage {
  let mapping: FileMapping | undefined
  try {
    mapping = new FileMapping(image, readOnly, native)
    const medium = judge(mapping.synchronous)
    const persister = persisterOf(medium.persistence, image.path, mapping, native)
    return { image, readOnly, native, mapping, medium, persister }
  } catch (error) {
    mapping?.unmap()
    try {
      if (image.isNew === true) removeImageFile(image.path, image.fd)
    } finally {
      closeSync(image.fd)
    }
    throw error
  }
}
