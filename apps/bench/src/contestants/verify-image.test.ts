/** That an image on which anything is wrong does not pass. */
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { BttInfo } from '@bttkit/interfaces'
import { createStack } from '@bttkit/stack'
import { SEQUENCE, SMALL_WORK, scratchFolder } from './contestants.test-support.ts'
import { makeFilledImage } from './fill-image.ts'
import { verifyBijection, verifyImage } from './verify-image.ts'

const stack = createStack()
const NOTHING_DONE = { workload: SMALL_WORK, sequence: SEQUENCE, unitsPerStream: 0 }

async function filledImage(): Promise<string> {
  const path = join(scratchFolder(), 'image')
  await makeFilledImage(stack, path, SMALL_WORK)
  return path
}

/** Gives sector 1 the block of sector 0. */
async function copyMapEntry(path: string, { arenas: [arena] }: BttInfo): Promise<void> {
  if (arena === undefined) throw new Error('there is no arena')
  const file = await open(path, 'r+')
  const entry = new Uint8Array(4)
  const map = arena.offset + arena.mapoff
  await file.read(entry, 0, 4, map)
  await file.write(entry, 0, 4, map + 4)
  await file.close()
}

async function infoOf(path: string): Promise<BttInfo> {
  const device = await stack.openImage(path, { readOnly: true })
  await device.close()
  return device.info
}

test('an image that was only filled is in order', async () => {
  await expect(verifyImage('it', stack, await filledImage(), NOTHING_DONE)).resolves.toBeUndefined()
})

test('work that was not done', async () => {
  const done = { ...NOTHING_DONE, unitsPerStream: 1 }
  await expect(verifyImage('it', stack, await filledImage(), done)).rejects.toThrow('wrong content')
})

test('a sector with the block of another one', async () => {
  const path = await filledImage()
  await copyMapEntry(path, await infoOf(path))
  await expect(verifyImage('it', stack, path, NOTHING_DONE)).rejects.toThrow(
    'sector 1, byte 0, is 0 instead of that of write 0',
  )
})

test('a block that two sectors have, and one that nobody has', async () => {
  const path = await filledImage()
  const info = await infoOf(path)
  await copyMapEntry(path, info)
  const provider = await stack.openProvider(path, { readOnly: true })
  await expect(verifyBijection('it', provider, info)).rejects.toThrow(/mappedTwice 1,.* leaked 1,/)
  await provider.close()
})
