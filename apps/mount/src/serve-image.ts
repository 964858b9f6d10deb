/**
 * The thread that owns the image: it attaches it, serves the mount, and closes it when the mount is gone.
 *
 * Where no provider call can wait but for the thread, it blocks in a loop on /dev/fuse. A provider that sleeps needs the event loop, and gets it; so does a write-back cache.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { isBttkitError, type BttDevice } from '@bttkit/interfaces'
import { describeError, loadProviderPlugin } from '@bttkit/command-line'
import { FuseFileSystem, FuseSession, serveAsync, serveBlocking } from '@bttkit/fuse-kernel'
import { runAsync } from '@bttkit/sleepable'
import { createStack } from '@bttkit/stack'
import { DiskFile } from './disk-file.ts'
import type { ServerCommand, ServerFailure, ServerInput, ServerMessage } from './server-messages.ts'
import { StatisticsBoard } from './statistics-board.ts'
import { TextFile } from './text-file.ts'

const input: ServerInput = workerData
const port = parentPort
if (port === null) throw new TypeError('this module serves an image from a worker thread')

function tell(message: ServerMessage): void {
  port?.postMessage(message)
}

function describe(error: unknown): ServerFailure {
  return isBttkitError(error)
    ? { errno: error.errno, message: error.message }
    : { message: describeError(error) }
}

/** What gathers in memory is committed in time by a timer, while reads and writes go on; and its flushes are shared where they do not block. */
function needsEventLoop({ durability, readOnly }: ServerInput): boolean {
  return durability === 'flush' && !readOnly
}

async function attach(): Promise<BttDevice> {
  const stack = createStack({ plugins: await Promise.all(input.plugins.map(loadProviderPlugin)) })
  const { image, readOnly, namespaceOffset, durability, zeroing } = input
  return stack.openImage(image, {
    readOnly,
    namespaceOffset,
    durability,
    zeroing,
    blocking: !needsEventLoop(input),
  })
}

async function serve(device: BttDevice, fd: number): Promise<'unmounted' | 'stopped'> {
  const board = new StatisticsBoard(input.statistics)
  const info = new TextFile('info.json', `${JSON.stringify(device.info, undefined, 2)}\n`)
  const { directIo, readOnly, stop } = input
  const session = new FuseSession(
    new FuseFileSystem({ files: [new DiskFile(device, board), info], directIo, readOnly }),
  )
  const options = { stop, onError: (error: unknown) => tell({ error: describe(error).message }) }
  return device.mayWait || needsEventLoop(input)
    ? serveAsync(fd, session, options)
    : serveBlocking(fd, session, options)
}

async function nextCommand(): Promise<ServerCommand> {
  return new Promise((resolve) => {
    port?.once('message', resolve)
  })
}

async function run(): Promise<void> {
  const device = await attach()
  tell({ attached: device.info })
  const command = await nextCommand()
  let ended: 'unmounted' | 'stopped' = 'unmounted'
  try {
    if (command !== 'close') ended = await serve(device, command.serve)
  } finally {
    await runAsync(device.sleepable.close())
  }
  tell({ ended })
}

run().catch((error: unknown) => tell({ failed: describe(error) }))
