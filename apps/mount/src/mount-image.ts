/**
 * Mounts an image: a thread of its own, or several, attach and serve it; this one mounts, watches, and stops.
 *
 * Order: the mount point is checked, the image is attached, the mount made, a watcher started, the mount served. Whatever fails undoes what was done
 * before, last first. From the mount to the watcher no signal may stop the process. It ends the other way round: unmounted, image closed, watcher sent away, descriptor closed.
 */
import { closeSync, existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { MountError, type BttInfo, type DeviceCounters, type Zeroing } from '@bttkit/interfaces'
import { describeError } from '@bttkit/command-line'
import {
  checkMountPoint,
  createStopFlag,
  mountFuse,
  mountSource,
  requestStop,
  startMountWatcher,
  stopOnExit,
  unmountFuse,
  type FuseMount,
  type MountFuseOptions,
  type MountWatcher,
  type StopFlag,
  type UnmountOptions,
} from '@bttkit/fuse-kernel'
import { createStack, type Durability } from '@bttkit/stack'
import { holdSignals } from './hold-signals.ts'
import { ServingTeam } from './serving-team.ts'
import { StatisticsBoard } from './statistics-board.ts'

export interface MountImageOptions {
  readonly image: string
  /** An empty directory. */
  readonly mountPoint: string
  readonly readOnly?: boolean
  /** Users other than this one may use the mount. */
  readonly allowOther?: boolean
  /** Further mount options, one each. */
  readonly extraOptions?: readonly string[]
  /** Leaves the page cache out. Default: only where it could keep what is old (see `goesPastCache` in serve-image.ts). */
  readonly directIo?: boolean
  /** When a write is durable: when it is answered, or when a later fsync is. Default: `write`. */
  readonly durability?: Durability
  /** Of an image with labels: by UUID, name or number; default: the only one. */
  readonly namespace?: string | undefined
  /** Where the info block of arena 0 is; default: probe. */
  readonly namespaceOffset?: number | undefined
  /** How holes that are punched, and sectors that a loop device discards, become zeros; default: as it suits the image. */
  readonly zeroing?: Zeroing | undefined
  /** Modules of provider plugins. */
  readonly plugins?: readonly string[]
  /** Threads that serve, 1 to 16; but for the first they serve only while several programs ask at a time. Not for storage that waits for an event loop. Default: 1. */
  readonly workers?: number
  /** Gets what goes wrong while the mount is served. */
  readonly onError?: (message: string) => void
}

/** Threads that serve one mount. */
export const MOST_WORKERS = 16

/** @throws {TypeError} for a number of threads that cannot be */
function checkWorkers(count: number): void {
  if (!Number.isSafeInteger(count) || count < 1 || count > MOST_WORKERS)
    throw new TypeError(`a mount has 1 to ${MOST_WORKERS} workers, not ${count}`)
}

/** The type of the mounts is `fuse.btt-mount`. */
export const MOUNT_SUBTYPE = 'btt-mount'

/** What the list of mounts shows as the device: it has to name the image for people and programs that have another working directory. */
function mountName(image: string): string {
  if (image.startsWith('file:')) {
    const [file] = createStack().parts(image)
    return resolve(file?.path ?? '')
  }
  const isUrl = /^[a-z][a-z0-9+.-]*:/.test(image) && !existsSync(image)
  return isUrl ? image : resolve(image)
}

/** A mount that was made, with what the list of mounts calls it. */
interface NamedMount extends FuseMount {
  readonly name: string
}

/** Whether it is still what one sees at its mount point. */
async function isVisible({ mountPoint, name }: Omit<NamedMount, 'fd'>): Promise<boolean> {
  return (await mountSource(mountPoint, MOUNT_SUBTYPE)) === name
}

/** An image that is mounted and served. */
export class MountedImage {
  readonly info: BttInfo
  readonly mountPoint: string
  /** Resolves when the mount is gone and the image closed; rejects when serving or closing failed. */
  readonly ended: Promise<void>
  private readonly mount: NamedMount
  private readonly board: StatisticsBoard

  constructor(info: BttInfo, mount: NamedMount, ended: Promise<void>, board: StatisticsBoard) {
    this.info = info
    this.mountPoint = mount.mountPoint
    this.ended = ended
    this.mount = mount
    this.board = board
  }

  /** What was done so far, at most a moment old. */
  statistics(): DeviceCounters {
    return this.board.read()
  }

  /**
   * Unmounts, and waits until the image is closed. With `lazy` the mount is out of sight at once also when it is in use, and ends when it is not any more.
   *
   * @throws {MountError} EBUSY when somebody uses the mount: it goes on. EINVAL when it is not there any more, or something else was mounted over it.
   */
  async unmount(options: Pick<UnmountOptions, 'lazy'> = {}): Promise<void> {
    if (!(await isVisible(this.mount))) {
      const why = 'it is unmounted already, or something else is mounted over it'
      throw new MountError({}, `cannot unmount ${this.mountPoint}: ${why}`, 'EINVAL')
    }
    await unmountFuse(this.mountPoint, options)
    await this.ended
  }
}

async function serveUntilEnd(
  team: ServingTeam,
  mount: NamedMount,
  watcher: MountWatcher,
  takeBack: () => void,
): Promise<void> {
  let failed = true
  try {
    await team.ended
    failed = false
  } finally {
    // A thread that died leaves a mount that nobody answers, and perhaps a read of /dev/fuse that keeps the process from ending. One whose closing
    // failed leaves none, and the mount point may be another's by now.
    if (failed && (await isVisible(mount)))
      await unmountFuse(mount.mountPoint, { abort: true }).catch(() => undefined)
    // The descriptor's number may be another file's once it is closed.
    await team.allEnded()
    takeBack()
    closeSync(mount.fd)
    await watcher.goodbye()
  }
}

/** Mounts with the image attached; if that fails, nothing is mounted and the image is closed. */
async function mountOrClose(
  team: ServingTeam,
  name: string,
  options: Omit<MountFuseOptions, 'fsName' | 'subtype'>,
  onError: (message: string) => void,
): Promise<NamedMount> {
  const { mountPoint } = options
  try {
    return { ...(await mountFuse({ ...options, fsName: name, subtype: MOUNT_SUBTYPE })), name }
  } catch (error) {
    // The program that mounts may have been killed when its work was done.
    if (await isVisible({ mountPoint, name }))
      await unmountFuse(mountPoint, { lazy: true }).catch(() => undefined)
    team.command('close')
    await team.ended.catch((failure: unknown) => onError(describeError(failure)))
    await team.allEnded()
    throw error
  }
}

/** Serves a mount, and has it watched; if that fails, the mount is gone and the image closed. */
async function serveWatched(
  team: ServingTeam,
  mount: NamedMount,
  stop: StopFlag,
): Promise<{ ended: Promise<void> }> {
  const { mountPoint } = mount
  team.command({ serve: mount.fd })
  const takeBack = stopOnExit(stop, mountPoint)
  try {
    const watcher = await startMountWatcher(mountPoint)
    return { ended: serveUntilEnd(team, mount, watcher, takeBack) }
  } catch (error) {
    try {
      await unmountFuse(mountPoint, { abort: true })
    } catch {
      // Where no program can be started, the thread has at least to let go of the image.
      await requestStop(stop, mountPoint)
    }
    await team.allEnded()
    takeBack()
    closeSync(mount.fd)
    throw error
  }
}

/**
 * Mounts an image as a directory with the file `disk`, and `info.json` beside it. Returns when both can be used.
 *
 * @throws {MountError} whose errno says why: of the mount point, of mounting, or of the image (its message names it).
 */
export async function mountImage(options: MountImageOptions): Promise<MountedImage> {
  const { image, namespace, namespaceOffset, zeroing, onError = () => {} } = options
  const { readOnly = false, allowOther = false, directIo = false } = options
  const { extraOptions = [], plugins = [], durability = 'write', workers = 1 } = options
  checkWorkers(workers)
  const mountPoint = await checkMountPoint(options.mountPoint)
  const stop = createStopFlag()
  const board = StatisticsBoard.forThreads(workers)
  const input = {
    image,
    readOnly,
    directIo,
    durability,
    namespace,
    namespaceOffset,
    zeroing,
    plugins,
    statistics: board.buffer,
    stop,
  }
  const team = await ServingTeam.start(input, workers, onError)
  const { info } = team
  const letSignalsIn = holdSignals()
  try {
    const fuseOptions = { mountPoint, readOnly, allowOther, extraOptions }
    const mount = await mountOrClose(team, mountName(image), fuseOptions, onError)
    const { ended } = await serveWatched(team, mount, stop)
    ended.catch(() => undefined)
    return new MountedImage(info, mount, ended, board)
  } finally {
    letSignalsIn()
  }
}
