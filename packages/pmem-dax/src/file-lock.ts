import { ImageLockedError, type LockMode } from '@bttkit/interfaces'
import type { NativeCalls } from './native.ts'
import { ioError } from './system-error.ts'

const LOCK_SH = 1
const LOCK_EX = 2
const LOCK_NB = 4

/**
 * The lock of one open file: flock(2), which the kernel ends with the file's last descriptor, also when the process is killed. The same lock as that
 * of ordinary image files, so a mapping and a program that reads and writes exclude each other. It binds those who ask for it.
 */
export class FileLock {
  private readonly fd: number
  private readonly path: string
  private readonly native: NativeCalls
  private held: LockMode | undefined

  constructor(fd: number, path: string, native: NativeCalls) {
    this.fd = fd
    this.path = path
    this.native = native
  }

  /** Takes the lock, or changes its mode, without waiting. @throws {ImageLockedError} @throws {ProviderIoError} where it cannot be locked at all. */
  take(mode: LockMode): void {
    if (this.held === mode || this.tryLock(mode)) {
      this.held = mode
      return
    }
    // The kernel gives up the old mode before it tries the new one, so a change that is refused has to be undone.
    if (this.held !== undefined && !this.tryLock(this.held)) this.held = undefined
    throw new ImageLockedError({ image: this.path }, 'in use: somebody else has it locked')
  }

  private tryLock(mode: LockMode): boolean {
    const errno = this.native.flock(this.fd, (mode === 'shared' ? LOCK_SH : LOCK_EX) | LOCK_NB)
    if (errno === undefined) return true
    if (errno === 'EAGAIN') return false
    throw ioError(this.path, 'locking', errno)
  }
}
