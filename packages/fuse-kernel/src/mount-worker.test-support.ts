/** The worker of `mount-server.test-support.ts`: serves a mount, blocking. */
import type { ServerMessage, WorkerInput } from './mount-server.test-support.ts'
import { parentPort, workerData } from 'node:worker_threads'
import { serveBlocking } from './device/serve-blocking.ts'
import { MemoryFile } from './memory-file.test-support.ts'
import { FuseFileSystem } from './session/fuse-file-system.ts'
import { FuseSession } from './session/fuse-session.ts'

function tell(message: ServerMessage): void {
  parentPort?.postMessage(message)
}

const { fd, content, stop, directIo, readOnly }: WorkerInput = workerData
const files = [
  new MemoryFile('disk', new Uint8Array(content)),
  new MemoryFile('info.json', Buffer.from('{}\n'), { readOnly: true }),
]
const session = new FuseSession(new FuseFileSystem({ files, directIo, readOnly }))
const end = serveBlocking(fd, session, {
  stop,
  onError: (error) => tell({ error: String(error) }),
})
tell({ end })
