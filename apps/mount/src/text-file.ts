import type { Sleepable } from '@bttkit/interfaces'
import type { FuseFile } from '@bttkit/fuse-kernel'

/** A file that always says the same. */
export class TextFile implements FuseFile {
  readonly name: string
  readonly size: number
  readonly mode = 0o444
  private readonly content: Uint8Array

  constructor(name: string, text: string) {
    this.name = name
    this.content = Buffer.from(text)
    this.size = this.content.length
  }

  *read(offset: number, target: Uint8Array): Sleepable<void> {
    target.set(this.content.subarray(offset, offset + target.length))
  }
}
