import { ImageLockedError, ProviderIoError, type LockMode } from '@bttkit/interfaces'
import { findLockHolder } from './lock-holder.ts'
import { explainErrno } from './system-error.ts'

const LOCK_SH = 1
const LOCK_EX = 2
const LOCK_NB = 4

/** flock(1) ends so when somebody else has the lock. Its other failures have other codes. */
const EXIT_REFUSED = 1

/** What a lock is taken with. */
export interface LockCalls {
  /** flock(2), where it can be called: it answers `undefined` for success, else the name of the errno. */
  readonly native: { readonly flock: (fd: number, operation: number) => string | undefined } | undefined
  /** Runs a program to its end with `fd` as its descriptor 3: for flock(1), where there are no native calls. */
  readonly run?: (
    program: string,
    args: readonly string[],
    fd: number,
  ) => { readonly exitCode: number | undefined; readonly stderr: string }
}

/**
 * The lock of one open file: flock(2), which belongs to the open file itself. So it ends with its last descriptor,
 * also when the process is killed, which a lock *file* would survive; two openings in one process exclude
 * each other; and a program that is given the descriptor can take the lock on our behalf and exit: we keep it.
 *
 * It binds those who ask for it. Nothing stops a program that does not.
 */
export class ImageLock {
  private readonly fd: number
  private readonly image: string
  private readonly calls: LockCalls
  private held: LockMode | undefined

  /** The descriptor must be close-on-exec: a child that inherited it would keep the lock after us. */
  constructor(fd: number, image: string, calls: LockCalls) {
    this.fd = fd
    this.image = image
    this.calls = calls
  }

  /**
   * Takes the lock, or changes its mode, without waiting.
   *
   * @throws {ImageLockedError} naming the holder, where it can be known.
   * @throws {ProviderIoError} where the file cannot be locked at all.
   */
  take(mode: LockMode): void {
    if (this.held === mode || this.tryLock(mode)) {
      this.held = mode
      return
    }
    const refusal = this.refusal()
    // The kernel gives up the old mode before it tries the new one, so a change that is refused has to be undone.
    if (this.held !== undefined && !this.tryLock(this.held)) this.held = undefined
    throw refusal
  }

  private refusal(): ImageLockedError {
    const holder = findLockHolder(this.fd)
    const place = { image: this.image }
    if (holder === undefined) {
      return new ImageLockedError(place, 'in use: locked by a process that this one cannot see')
    }
    const self = holder.pid === process.pid ? 'this very process, ' : ''
    return new ImageLockedError(place, `in use: locked by ${self}pid ${holder.pid} (${holder.command})`)
  }

  private tryLock(mode: LockMode): boolean {
    const { native } = this.calls
    return native === undefined ? this.tryByProgram(mode) : this.tryNatively(native.flock, mode)
  }

  private tryNatively(flock: (fd: number, operation: number) => string | undefined, mode: LockMode): boolean {
    const errno = flock(this.fd, (mode === 'shared' ? LOCK_SH : LOCK_EX) | LOCK_NB)
    if (errno === undefined) return true
    if (errno === 'EAGAIN' || errno === 'EWOULDBLOCK') return false
    throw new ProviderIoError({ image: this.image }, `cannot be locked: ${explainErrno(errno)}`, errno)
  }

  private tryByProgram(mode: LockMode): boolean {
    const result = this.calls.run?.('flock', [mode === 'shared' ? '-s' : '-x', '-n', '3'], this.fd)
    if (result?.exitCode === 0) return true
    if (result?.exitCode === EXIT_REFUSED) return false
    const detail = `cannot be locked: neither koffi nor flock(1) does it here (${result?.stderr ?? 'not tried'})`
    throw new ProviderIoError({ image: this.image }, detail, 'ENOLCK')
  }
}
