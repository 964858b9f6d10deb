import { readFile, rm, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'

const CONTENT = `${process.pid}\n`

/** The file with the number of this process, for whoever wants to signal it. */
export class PidFile {
  private readonly path: string

  constructor(path: string) {
    // The working directory may be another one when it is removed.
    this.path = resolve(path)
  }

  async write(): Promise<void> {
    await writeFile(this.path, CONTENT)
  }

  /** Removes the file, unless it is somebody else's: never written by us, or another process has its number there by now. */
  async remove(): Promise<void> {
    const content = await readFile(this.path, 'utf8').catch(() => undefined)
    if (content === CONTENT) await rm(this.path, { force: true })
  }
}
