/**
 * A process that mounts files in memory and serves them, for tests: started with its options as JSON, tells by IPC that it
 * is `ready` and how its loops `end`, and takes commands.
 */
import { closeSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { serveAsync } from './device/serve-async.ts'
import { createStopFlag, requestStop, stopOnExit } from './device/stop-flag.ts'
import { MemoryFile } from './memory-file.test-support.ts'
import { mountFuse } from './mount/mount-fuse.ts'
import { startMountWatcher } from './mount/mount-watcher.ts'
import { unmountFuse } from './mount/unmount-fuse.ts'
import { FuseFileSystem } from './session/fuse-file-system.ts'
import { FuseSession } from './session/fuse-session.ts'

export interface ServerOptions {
  readonly mountPoint: string
  readonly sizeBytes?: number
  readonly directIo?: boolean
  readonly readOnly?: boolean
  readonly allowOther?: boolean
  readonly fsName?: string
  /** Loops in workers. 0: one loop on the event loop. */
  readonly workers?: number
  /** How long each operation sleeps, without workers. */
  readonly delayMs?: number
  readonly concurrency?: number
}

export interface WorkerInput {
  readonly fd: number
  readonly content: SharedArrayBuffer
  readonly stop: SharedArrayBuffer
  readonly directIo: boolean
  readonly readOnly: boolean
}

export type ServerMessage =
  | { readonly ready: { readonly watcherPid: number } }
  | { readonly end: string; readonly mostUnderWay?: number }
  | { readonly error: string }
  | { readonly done: string }
  | { readonly beginning: string }
  /** A request of the file that sleeps has begun. */
  | { readonly underWay: true }

export type ServerCommand = 'unmount' | 'stop' | 'throw' | 'exit' | 'leave' | 'peek'

const options: ServerOptions = JSON.parse(process.argv[2] ?? '{}')
const { directIo = false, readOnly = false, workers = 1 } = options
const stop = createStopFlag()
const content = new SharedArrayBuffer(options.sizeBytes ?? 1 << 20)

function tell(message: ServerMessage): void {
  if (process.connected) process.send?.(message)
}

function serveInWorker(fd: number): void {
  const workerData: WorkerInput = { fd, content, stop, directIo, readOnly }
  const worker = new Worker(new URL('mount-worker.test-support.ts', import.meta.url), { workerData })
  worker.on('message', tell)
}

async function serveHere(fd: number): Promise<void> {
  const { delayMs = 0, concurrency = 64 } = options
  const disk = new MemoryFile('disk', new Uint8Array(content), {
    delayMs,
    onBegin: () => tell({ underWay: true }),
  })
  const session = new FuseSession(new FuseFileSystem({ files: [disk], directIo, readOnly }))
  const end = await serveAsync(fd, session, {
    stop,
    concurrency,
    onError: (error) => tell({ error: String(error) }),
  })
  tell({ end, mostUnderWay: disk.mostUnderWay })
}

const { fd, mountPoint } = await mountFuse({
  mountPoint: options.mountPoint,
  fsName: options.fsName ?? 'fuse-kernel-test',
  subtype: 'fuse-kernel-test',
  readOnly,
  allowOther: options.allowOther ?? false,
})
stopOnExit(stop, mountPoint)
const watcher = await startMountWatcher(mountPoint)
if (workers === 0) void serveHere(fd)
else for (let count = 0; count < workers; count++) serveInWorker(fd)

async function obey(command: ServerCommand): Promise<void> {
  if (command === 'exit') process.exit(3)
  if (command === 'peek') tell({ beginning: Buffer.from(content).toString('latin1', 0, 8) })
  if (command === 'stop') await requestStop(stop, mountPoint)
  if (command === 'unmount') {
    await unmountFuse(mountPoint)
    await watcher.goodbye()
  }
  // All that is left to do is to end by itself.
  if (command === 'leave') {
    closeSync(fd)
    process.disconnect()
  }
  tell({ done: command })
}

process.on('message', (command: ServerCommand) => {
  if (command === 'throw') {
    setImmediate(() => {
      throw new Error('nobody catches this')
    })
    return
  }
  obey(command).catch((error: unknown) => tell({ error: String(error) }))
})
tell({ ready: { watcherPid: watcher.pid } })
