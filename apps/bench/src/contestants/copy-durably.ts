import { copyFile, open } from 'node:fs/promises'

/** Copies a file and waits until the copy is on the disk, so that nobody's work waits for it later. */
export async function copyDurably(from: string, to: string): Promise<void> {
  await copyFile(from, to)
  const file = await open(to, 'r+')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}
