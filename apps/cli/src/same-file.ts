import { statSync } from 'node:fs'
import { CommandError } from '@bttkit/command-line'
import type { ImageToOpen } from './with-image.ts'

/** What tells files apart, whatever their names are: also hard links, and the nodes of one device. */
function identityOf(path: string): string | undefined {
  const stats = path === '' ? undefined : statSync(path, { bigint: true, throwIfNoEntry: false })
  if (stats === undefined) return undefined
  return stats.isBlockDevice() ? `device ${stats.rdev}` : `file ${stats.dev} ${stats.ino}`
}

/** The file that an image is in, as far as its URL tells; some storage has none. */
export function pathOf({ stack, image }: ImageToOpen): string {
  return stack.parts(image).at(-1)?.path ?? ''
}

/** @throws {CommandError} when `path` is the file that the image is in */
export function refuseImageItself(target: ImageToOpen, path: string): void {
  const identity = identityOf(path)
  if (identity !== undefined && identity === identityOf(pathOf(target))) {
    throw new CommandError(`${path}: is the image itself`)
  }
}
