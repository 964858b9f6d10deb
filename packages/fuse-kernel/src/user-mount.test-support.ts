/** Mounts as the user that runs it, writes, reads, unmounts; says what it saw as JSON. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { serveAsync } from './device/serve-async.ts'
import { MemoryFile } from './memory-file.test-support.ts'
import { mountFuse } from './mount/mount-fuse.ts'
import { startMountWatcher } from './mount/mount-watcher.ts'
import { unmountFuse } from './mount/unmount-fuse.ts'
import { FuseFileSystem } from './session/fuse-file-system.ts'
import { FuseSession } from './session/fuse-session.ts'

const fsName = String.raw`a,b\c`
const { fd, mountPoint } = await mountFuse({
  mountPoint: process.argv[2] ?? '',
  fsName,
  subtype: 'user-test',
})
const watcher = await startMountWatcher(mountPoint)
const files = [new MemoryFile('disk', new Uint8Array(10_000))]
const serving = serveAsync(fd, new FuseSession(new FuseFileSystem({ files })), { onError: console.error })
const disk = join(mountPoint, 'disk')
await writeFile(disk, 'hello')
const table = await readFile('/proc/self/mountinfo', 'utf8')
const seen = {
  uid: process.geteuid?.(),
  content: (await readFile(disk)).toString('latin1', 0, 5),
  line: table.split('\n').find((line) => line.includes(mountPoint)),
}
await unmountFuse(mountPoint)
const end = await serving
await watcher.goodbye()
console.log(JSON.stringify({ ...seen, end }))
