import { existsSync } from 'node:fs'
import { createStack } from '@bttkit/stack'

const DEMO_IMAGE_BYTES = 64 * 2 ** 20

/** Makes the image of the demonstration where there is none; says whether it did. */
export async function ensureDemoImage(path: string): Promise<boolean> {
  if (existsSync(path)) return false
  await createStack().createImage(path, { sizeBytes: DEMO_IMAGE_BYTES, externalLbasize: 4096 })
  return true
}
