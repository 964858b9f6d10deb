import { explainErrno } from '@bttkit/image-file'
import { BadBlockError, ProviderIoError } from '@bttkit/interfaces'
import type { OpenFile } from './open-file.ts'
import type { SystemCalls } from './system-calls.ts'

const FALLOC_FL_KEEP_SIZE = 1
const FALLOC_FL_PUNCH_HOLE = 2
const FALLOC_FL_ZERO_RANGE = 16

/** What fallocate answers where the kernel, the file system or the device does not know the operation. */
const UNSUPPORTED = new Set(['EOPNOTSUPP', 'ENOTSUP', 'ENOSYS', 'ENODEV', 'EINVAL'])

/** Block devices take whole logical blocks only; this many bytes are whole ones on all that are made. */
const DEVICE_ALIGNMENT_BYTES = 4096

const CHUNK_BYTES = 2 ** 20

/** Below this, zeros are written: a hole is a change of the file system's own records, as slow as some 50 writes of 4 KiB. */
const HOLE_WORTHWHILE_BYTES = 64 * 1024

/** Below this, writing zeros is faster than starting a program. */
const PROGRAM_WORTHWHILE_BYTES = 4 * 2 ** 20

/** How zeros and looks at what is there reach the file, one piece at a time. */
export interface PieceAccess {
  readInto(offset: number, target: Uint8Array, start: number, length: number): unknown
  writeFrom(offset: number, source: Uint8Array, start: number, length: number): unknown
}

let zeroChunk: Buffer | undefined

/**
 * Makes ranges of one open file read as zeros: by a hole where there can be one, by the device where it zeroes itself,
 * else by zeros. A large hole takes hardly any time, and no space.
 *
 * What turns out not to work on this file is not tried again.
 */
export class ZeroRange {
  private readonly file: OpenFile
  private readonly system: SystemCalls
  private readonly access: PieceAccess
  private nativeWorks = true
  private programWorks = true

  constructor(file: OpenFile, access: PieceAccess, system: SystemCalls) {
    this.file = file
    this.access = access
    this.system = system
  }

  /** Bytes from `offset` on, within the file. @throws {ProviderIoError} ENOSPC, EIO … */
  zero(offset: number, length: number): void {
    const unit = this.file.isBlockDevice ? DEVICE_ALIGNMENT_BYTES : 1
    const end = offset + length
    const from = Math.ceil(offset / unit) * unit
    const to = Math.floor(end / unit) * unit
    if (to - from < HOLE_WORTHWHILE_BYTES) {
      this.writeZeros(offset, end)
      return
    }
    if (!this.punchNatively(from, to) && !this.punchByProgram(from, to)) this.writeZeros(from, to)
    this.writeZeros(offset, from)
    this.writeZeros(to, end)
  }

  private punchNatively(from: number, to: number): boolean {
    const fallocate = this.nativeWorks ? this.system.native?.fallocate : undefined
    if (fallocate === undefined) return false
    for (const mode of [FALLOC_FL_PUNCH_HOLE, FALLOC_FL_ZERO_RANGE]) {
      const errno = fallocate(this.file.fd, mode | FALLOC_FL_KEEP_SIZE, from, to - from)
      if (errno === undefined) return true
      if (!UNSUPPORTED.has(errno)) {
        const place = { image: this.file.path, offset: from }
        throw new ProviderIoError(place, `zeroing ${to - from} bytes failed: ${explainErrno(errno)}`, errno)
      }
    }
    this.nativeWorks = false
    return false
  }

  /** The program opens the file anew through its own descriptor 3, so it finds it also when it was renamed or removed. */
  private punchByProgram(from: number, to: number): boolean {
    if (!this.programWorks || to - from < PROGRAM_WORTHWHILE_BYTES) return false
    const range = ['--offset', String(from), '--length', String(to - from)]
    const args = ['--punch-hole', '--keep-size', ...range, '/proc/self/fd/3']
    this.programWorks = this.system.run('fallocate', args, this.file.fd).exitCode === 0
    return this.programWorks
  }

  private writeZeros(from: number, to: number): void {
    if (to <= from) return
    zeroChunk ??= Buffer.alloc(CHUNK_BYTES)
    const found = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, to - from))
    for (let offset = from; offset < to;) {
      // No unit of a medium lies in two chunks: one that is bad is made good by a write of the whole only.
      const length = Math.min(CHUNK_BYTES - (offset % CHUNK_BYTES), to - offset)
      if (!this.readsAsZeros(offset, found, length)) this.access.writeFrom(offset, zeroChunk, 0, length)
      offset += length
    }
  }

  /** A hole stays a hole, and reading one is cheap. What cannot be read may still be written. */
  private readsAsZeros(offset: number, found: Buffer, length: number): boolean {
    try {
      this.access.readInto(offset, found, 0, length)
    } catch (error) {
      if (error instanceof ProviderIoError || error instanceof BadBlockError) return false
      throw error
    }
    return zeroChunk?.compare(found, 0, length, 0, length) === 0
  }
}
