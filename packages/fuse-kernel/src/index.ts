/**
 * The FUSE protocol on /dev/fuse, for files of fixed size in one directory.
 *
 *     const { fd, mountPoint } = await mountFuse({ mountPoint: '/mnt/x', fsName: 'memory', subtype: 'example' })
 *     const watcher = await startMountWatcher(mountPoint)
 *     const content = new Uint8Array(1 << 20)
 *     const disk: FuseFile = {
 *       name: 'disk',
 *       size: content.length,
 *       *read(offset, target) { target.set(content.subarray(offset, offset + target.length)) },
 *       *write(offset, source) { content.set(source, offset) },
 *     }
 *     const session = new FuseSession(new FuseFileSystem({ files: [disk] }))
 *     await serveAsync(fd, session, { onError: console.error }) // until `umount /mnt/x`
 *     closeSync(fd)
 *     await watcher.goodbye()
 *
 * On a worker, `serveBlocking` is twice as fast; give it a stop flag, and `stopOnExit` to the main thread.
 */
export { Crowd, createCrowd, endCrowd, type CrowdMemory } from './device/crowd.ts'
export { createStopFlag, requestStop, stopOnExit, type StopFlag } from './device/stop-flag.ts'
export { serveAsync, type ServeAsyncOptions } from './device/serve-async.ts'
export {
  serveBlocking,
  serveStandingBy,
  type ServeBlockingOptions,
  type ServeEnd,
  type ServeOptions,
} from './device/serve-blocking.ts'
export { mountFuse, type FuseMount, type MountFuseOptions } from './mount/mount-fuse.ts'
export { checkMountPoint } from './mount/mount-point.ts'
export { mountSource } from './mount/mount-source.ts'
export { parseMountOptions, type MountOptions } from './mount/mount-options.ts'
export { startMountWatcher, type MountWatcher } from './mount/mount-watcher.ts'
export { unmountFuse, type UnmountOptions } from './mount/unmount-fuse.ts'
export type { ErrorReporter } from './session/errno.ts'
export type { FuseExchange } from './session/fuse-exchange.ts'
export type { FuseFile } from './session/fuse-file.ts'
export { FuseFileSystem, type FuseFileSystemOptions, type FuseNode } from './session/fuse-file-system.ts'
export { FuseSession } from './session/fuse-session.ts'
