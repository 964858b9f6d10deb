import { ioError } from '@bttkit/image-file'
import { ProviderIoError } from '@bttkit/interfaces'
import type { NativeCalls } from './native.ts'
import type { OpenImage } from './open-image.ts'

/** One look at the size takes as long as a short store; shared out among so many calls it takes nothing. */
const CALLS_A_LOOK = 64

/**
 * Whether a file still has the size that it was mapped with. Who touches a page beyond the end of a file is ended by SIGBUS; this finds most files
 * that were cut before that, because a call that has looked touches nothing of a shorter one. What was seen once stays true: the bytes are lost.
 */
export class SizeWatch {
  private readonly image: OpenImage
  private readonly native: NativeCalls
  private callsLeft = CALLS_A_LOOK
  private failure: ProviderIoError | undefined

  constructor(image: OpenImage, native: NativeCalls) {
    this.image = image
    this.native = native
  }

  /** Looks now and then. @throws {ProviderIoError} where the file is known to have been cut. */
  lookSometimes(): void {
    if (this.failure !== undefined) throw this.failure
    if (--this.callsLeft === 0) this.look()
  }

  /** @throws {ProviderIoError} where the file was cut. */
  look(): void {
    this.callsLeft = CALLS_A_LOOK
    this.failure ??= this.find()
    if (this.failure !== undefined) throw this.failure
  }

  private find(): ProviderIoError | undefined {
    const { path, fd, size, kind } = this.image
    // A DAX device is as large as it was configured while somebody has it open.
    if (kind === 'device-dax') return undefined
    const now = this.native.sizeOf(fd)
    if (typeof now === 'string') return ioError({ image: path }, 'asking for its size', now)
    if (now >= size) return undefined
    const detail = `was cut to ${now} bytes after it had been mapped with ${size}`
    return new ProviderIoError({ image: path }, detail, 'EIO')
  }
}
