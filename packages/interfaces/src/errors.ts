/**
 * One class a failure. `code` is stable and is what programs test; messages are for people and may change. `errno`
 * is the POSIX name that a mount or a command reports where it needs one. Misuse by a programmer that no code
 * needs to tell apart is a plain `TypeError`.
 */

/** Where something happened; what is absent does not apply. */
export interface Place {
  /** The storage's name: a path or URL. */
  readonly image?: string | undefined
  readonly arena?: number | undefined
  readonly lane?: number | undefined
  readonly lba?: number | undefined
  /** Byte of the storage. */
  readonly offset?: number | undefined
}

function describePlace(place: Place): string {
  const parts: string[] = []
  if (place.image !== undefined) parts.push(place.image)
  if (place.arena !== undefined) parts.push(`arena ${place.arena}`)
  if (place.lane !== undefined) parts.push(`lane ${place.lane}`)
  if (place.lba !== undefined) parts.push(`LBA ${place.lba}`)
  if (place.offset !== undefined) parts.push(`byte ${place.offset}`)
  return parts.length === 0 ? '' : `${parts.join(', ')}: `
}

/** The root of all failures that bttkit reports. */
export abstract class BttkitError extends Error {
  abstract readonly code: string
  abstract readonly errno: string
  readonly place: Place

  constructor(place: Place, detail: string, options?: ErrorOptions) {
    super(describePlace(place) + detail, options)
    this.place = place
    this.name = new.target.name
  }
}

/** Whether `error` is one of ours, also when another copy of this package made it. */
export function isBttkitError(error: unknown): error is BttkitError {
  return (
    error instanceof Error &&
    typeof (error as Partial<BttkitError>).code === 'string' &&
    (error as Partial<BttkitError>).code?.startsWith('BTT_') === true
  )
}

// Waiting and driving

/** A context that must not sleep would have had to. Nothing was stored. */
export class WouldSleepError extends BttkitError {
  override readonly code = 'BTT_WOULD_SLEEP'
  override readonly errno = 'EWOULDBLOCK'
}

/** A thread drove one device both blocking and asynchronously. */
export class MixedDriversError extends BttkitError {
  override readonly code = 'BTT_MIXED_DRIVERS'
  override readonly errno = 'EDEADLK'
}

/** A wait that only the event loop can end was met by a driver that blocks the thread. */
export class CannotBlockError extends BttkitError {
  override readonly code = 'BTT_CANNOT_BLOCK'
  override readonly errno = 'EDEADLK'
}

/** A wait was ended by its caller's signal, which is the cause. */
export class WaitCancelledError extends BttkitError {
  override readonly code = 'BTT_WAIT_CANCELLED'
  override readonly errno = 'ECANCELED'
}

/** A wait took longer than it was allowed to. */
export class WaitTimedOutError extends BttkitError {
  override readonly code = 'BTT_WAIT_TIMED_OUT'
  override readonly errno = 'ETIMEDOUT'
}

/** A lane or lock was used by someone who does not hold it, or a table was asked for no lanes. */
export class LaneMisuseError extends BttkitError {
  override readonly code = 'BTT_LANE_MISUSE'
  override readonly errno = 'EINVAL'
}

/** Something that can never be was: a defect of bttkit or of a plugin. */
export class InvariantError extends BttkitError {
  override readonly code = 'BTT_INVARIANT'
  override readonly errno = 'EIO'
}

// Requests

/** A range that is not, or not wholly, on the device or storage. */
export class OutOfRangeError extends BttkitError {
  override readonly code = 'BTT_OUT_OF_RANGE'
  override readonly errno = 'EINVAL'
}

/** A transfer that is not a whole number of sectors, or metadata that does not fit it. */
export class MisalignedRequestError extends BttkitError {
  override readonly code = 'BTT_MISALIGNED'
  override readonly errno = 'EINVAL'
}

/** A write to something that is open for reading only. */
export class ReadOnlyError extends BttkitError {
  override readonly code = 'BTT_READ_ONLY'
  override readonly errno = 'EROFS'
}

/** A call on something that is closed. */
export class ClosedError extends BttkitError {
  override readonly code = 'BTT_CLOSED'
  override readonly errno = 'EBADF'
}

// Sectors and arenas

/** The map marks the sector as one whose content is lost. A write makes it good again. */
export class SectorErrorError extends BttkitError {
  override readonly code = 'BTT_SECTOR_ERROR'
  override readonly errno = 'EIO'
}

/** The map names a block that the arena does not have. */
export class MapEntryError extends BttkitError {
  override readonly code = 'BTT_MAP_ENTRY'
  override readonly errno = 'EIO'
}

/** The arena takes no more writes: its info block says so, or something failed in the middle of a publication. */
export class ArenaErrorStateError extends BttkitError {
  override readonly code = 'BTT_ARENA_ERROR_STATE'
  override readonly errno = 'EIO'
}

// Attaching and creating

/** No BTT was found. */
export class NotABttError extends BttkitError {
  override readonly code = 'BTT_NOT_FOUND'
  override readonly errno = 'ENXIO'
}

/** More than one BTT was found, and nothing says which is meant. */
export class AmbiguousBttError extends BttkitError {
  override readonly code = 'BTT_AMBIGUOUS'
  override readonly errno = 'ENXIO'
}

/** No namespace of an NVDIMM that is the one that is meant, and can be opened. */
export class NamespaceError extends BttkitError {
  override readonly code = 'BTT_NAMESPACE'
  override readonly errno = 'ENXIO'
}

/** An info block that cannot be believed: signature, checksum, version or a field. */
export class InfoBlockError extends BttkitError {
  override readonly code = 'BTT_INFO_BLOCK'
  override readonly errno = 'ENXIO'
}

/** A flog from which the free blocks cannot be told. */
export class FlogError extends BttkitError {
  override readonly code = 'BTT_FLOG'
  override readonly errno = 'ENXIO'
}

/** A libpmemblk pool that was never written: it has no BTT yet. */
export class PoolWithoutLayoutError extends BttkitError {
  override readonly code = 'BTT_POOL_WITHOUT_LAYOUT'
  override readonly errno = 'ENXIO'
}

/** Parameters from which no BTT can be laid out: too small a size, an unknown sector size or version. */
export class LayoutError extends BttkitError {
  override readonly code = 'BTT_LAYOUT'
  override readonly errno = 'EINVAL'
}

/** The storage already holds something, and nobody said to overwrite it. */
export class AlreadyInUseError extends BttkitError {
  override readonly code = 'BTT_ALREADY_IN_USE'
  override readonly errno = 'EEXIST'
}

/** Writing was asked for where only reading is safe. */
export class WriteRefusedError extends BttkitError {
  override readonly code = 'BTT_WRITE_REFUSED'
  override readonly errno = 'EROFS'
}

/** A provider whose promises are too weak to write a BTT on. */
export class UnsafeProviderError extends BttkitError {
  override readonly code = 'BTT_UNSAFE_PROVIDER'
  override readonly errno = 'EOPNOTSUPP'
}

/** A lane table under which writing would corrupt: it does not keep tasks apart, or its holder may not sleep. */
export class UnsafeLanesError extends BttkitError {
  override readonly code = 'BTT_UNSAFE_LANES'
  override readonly errno = 'EOPNOTSUPP'
}

/** An undo file that is none, is not whole, or is not of this image as it is now. */
export class UndoFileError extends BttkitError {
  override readonly code = 'BTT_UNDO_FILE'
  override readonly errno = 'EINVAL'
}

// Storage. Their errno is the system's own.

abstract class SystemError extends BttkitError {
  override readonly errno: string

  constructor(place: Place, detail: string, errno: string, options?: ErrorOptions) {
    super(place, detail, options)
    this.errno = errno
  }
}

/** Storage that could not be opened or made. */
export class ProviderOpenError extends SystemError {
  override readonly code = 'BTT_PROVIDER_OPEN'
}

/** Storage that failed to read, write or flush. */
export class ProviderIoError extends SystemError {
  override readonly code = 'BTT_PROVIDER_IO'
}

/**
 * The storage has lost what was to be read, and says so each time until it is written anew: a media error. `place.offset` is the first byte of
 * the lost unit, as far as it is known; so it may lie before what was read. What may pass (a timeout, a broken connection) is a `ProviderIoError`.
 */
export class BadBlockError extends BttkitError {
  override readonly code = 'BTT_BAD_BLOCK'
  override readonly errno = 'EIO'
}

/**
 * Sectors that were gathered in memory could not be made durable. They are still there, and read as they were written: each flush tries again. Its errno is that of
 * the cause.
 */
export class CommitFailedError extends SystemError {
  override readonly code = 'BTT_COMMIT_FAILED'
}

/** Somebody else has the storage open. */
export class ImageLockedError extends BttkitError {
  override readonly code = 'BTT_IMAGE_LOCKED'
  override readonly errno = 'EBUSY'
}

/** A URL or plugin that names no provider, or gives it a parameter that it does not know. */
export class ProviderUrlError extends BttkitError {
  override readonly code = 'BTT_PROVIDER_URL'
  override readonly errno = 'EINVAL'
}

/** A plugin that was made for another major version of the provider contract, or that is no plugin at all. */
export class PluginContractError extends BttkitError {
  override readonly code = 'BTT_PLUGIN_CONTRACT'
  override readonly errno = 'EINVAL'
}

/** A mount that could not be made or ended. */
export class MountError extends SystemError {
  override readonly code = 'BTT_MOUNT'
}
