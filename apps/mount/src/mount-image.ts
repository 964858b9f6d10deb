/**
 * Mounts an image: a thread of its own attaches and serves it; this one mounts, watches, and stops.
 *
 * Order: the mount point is checked, the image is attached, the mount made, a watcher started, the mount served. Whatever fails undoes what was done
 * before, last first. It ends the other way round: unmounted, image closed, watcher sent away, descriptor closed.
 */
import { closeSync } from 'node:fs'
import { extname, resolve } from 'node:path'
import { Worker } from 'node:worker_threads'
import { MountError, type BttInfo, type DeviceStatistics } from '@bttkit/interfaces'
import { CommandError } from '@bttkit/command-line'
import {
  checkMountPoint,
  createStopFlag,
  mountFuse,
  requestStop,
  startMountWatcher,
  stopOnExit,
  unmountFuse,
  type FuseMount,
  type MountWatcher,
} from '@bttkit/fuse-kernel'
import type { ServerCommand, ServerFailure, ServerInput, ServerMessage } from './server-messages.ts'
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
  /** Leaves the page cache out. Default: false. */
  readonly directIo?: boolean
  /** Where the info block of arena 0 is; default: probe. */
  readonly namespaceOffset?: number | undefined
  /** Modules of provider plugins. */
  readonly plugins?: readonly string[]
  /** Gets what goes wrong while the mount is served. */
  readonly onError?: (message: string) => void
}

function revive({ errno, message }: ServerFailure): Error {
  return errno === undefined ? new CommandError(message) : new MountError({}, message, errno)
}

/** The serving thread, as this one sees it. */
class Server {
  readonly worker: Worker
  readonly ended: Promise<void>
  readonly attached: Promise<BttInfo>

  constructor(input: ServerInput, onError: (message: string) => void) {
    // The thread's module lies beside this one, compiled or not.
    this.worker = new Worker(new URL(`serve-image${extname(import.meta.url)}`, import.meta.url), {
      workerData: input,
    })
    const failure = new Promise<never>((_, reject) => {
      this.worker.on('error', reject)
      this.worker.on('message', (message: ServerMessage) => {
        if ('failed' in message) reject(revive(message.failed))
        if ('error' in message) onError(message.error)
      })
    })
    this.attached = Promise.race([failure, this.message('attached')])
    this.ended = Promise.race([failure, this.message('ended').then(() => undefined)])
    // Both are awaited later, or not at all when something else failed first.
    this.attached.catch(() => undefined)
    this.ended.catch(() => undefined)
  }

  command(command: ServerCommand): void {
    this.worker.postMessage(command)
  }

  private message<Key extends 'attached' | 'ended'>(
    key: Key,
  ): Promise<Extract<ServerMessage, Record<Key, unknown>>[Key]> {
    return new Promise((resolve_) => {
      this.worker.on('message', (message: ServerMessage) => {
        if (key in message) resolve_((message as Extract<ServerMessage, Record<Key, unknown>>)[key])
      })
    })
  }
}

/** An image that is mounted and served. */
export class MountedImage {
  readonly info: BttInfo
  readonly mountPoint: string
  /** Resolves when the mount is gone and the image closed; rejects when serving or closing failed. */
  readonly ended: Promise<void>
  private readonly board: StatisticsBoard

  constructor(info: BttInfo, mountPoint: string, ended: Promise<void>, board: StatisticsBoard) {
    this.info = info
    this.mountPoint = mountPoint
    this.ended = ended
    this.board = board
  }

  /** What was done so far, at most a moment old. */
  statistics(): DeviceStatistics {
    return this.board.read()
  }

  /**
   * Unmounts, and waits until the image is closed.
   *
   * @throws {MountError} EBUSY when somebody uses the mount: it goes on.
   */
  async unmount(): Promise<void> {
    await unmountFuse(this.mountPoint)
    await this.ended
  }
}

async function serveUntilEnd(
  server: Server,
  mount: FuseMount,
  watcher: MountWatcher,
  takeBack: () => void,
): Promise<void> {
  let failed = true
  try {
    await server.ended
    failed = false
  } finally {
    takeBack()
    // A thread that died leaves a mount that nobody answers, and perhaps a read of /dev/fuse that keeps the process from ending.
    if (failed) await unmountFuse(mount.mountPoint, { abort: true }).catch(() => undefined)
    closeSync(mount.fd)
    await watcher.goodbye()
  }
}

/**
 * Mounts an image as a directory with the file `disk`, and `info.json` beside it. Returns when both can be used.
 *
 * @throws {MountError} whose errno says why: of the mount point, of mounting, or of the image (its message names it).
 */
export async function mountImage(options: MountImageOptions): Promise<MountedImage> {
  const {
    image,
    readOnly = false,
    allowOther = false,
    extraOptions = [],
    directIo = false,
    plugins = [],
  } = options
  const { namespaceOffset, onError = () => {} } = options
  const mountPoint = await checkMountPoint(options.mountPoint)
  const stop = createStopFlag()
  const board = new StatisticsBoard()
  const server = new Server(
    { image, readOnly, directIo, namespaceOffset, plugins, statistics: board.buffer, stop },
    onError,
  )
  const info = await server.attached
  let mount: FuseMount
  try {
    // A path is made absolute for the list of mounts, where nobody knows the working directory.
    const fsName = /^[a-z][a-z0-9+.-]*:/.test(image) ? image : resolve(image)
    mount = await mountFuse({ mountPoint, fsName, subtype: 'btt-mount', readOnly, allowOther, extraOptions })
  } catch (error) {
    server.command('close')
    await server.ended
    throw error
  }
  server.command({ serve: mount.fd })
  const takeBack = stopOnExit(stop, mountPoint)
  let watcher: MountWatcher
  try {
    watcher = await startMountWatcher(mountPoint)
  } catch (error) {
    await requestStop(stop, mountPoint)
    await server.ended
    await unmountFuse(mountPoint, { lazy: true })
    takeBack()
    closeSync(mount.fd)
    throw error
  }
  const ended = serveUntilEnd(server, mount, watcher, takeBack)
  ended.catch(() => undefined)
  return new MountedImage(info, mountPoint, ended, board)
}
