/** A program that writes an image until it is killed, and says when it is well under way. */
import { createStack } from '@bttkit/stack'
import { chance, pattern } from './our-images.test-support.ts'

const TASKS = 16
const UNDER_WAY = 2000

const [, , image = ''] = process.argv
const device = await createStack().openImage(image)
const below = chance(1)
let writes = 0

async function task(): Promise<never> {
  for (;;) {
    const lba = below(device.sectorCount)
    await device.write(lba, pattern(device, lba, 1, 1 + Math.floor(writes / device.sectorCount)))
    if (++writes === UNDER_WAY) process.stdout.write('under way\n')
  }
}

await Promise.all(Array.from({ length: TASKS }, task))
