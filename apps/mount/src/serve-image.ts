/**
 * The thread that owns the image: it attaches it, serves the mount, and closes it when the mount is gone. In a team the first does that; the others join the image, serve beside it
 * while several programs ask, and end their part.
 *
 * Where no provider call can wait but for the thread, it blocks in a loop on /dev/fuse. A provider that sleeps needs the event loop, and gets it; so does a write-back cache.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { isBttkitError, MountError, type BttDevice } from '@bttkit/interfaces'
import { describeError, loadPlugins } from '@bttkit/command-line'
import {
  Crowd,
  FuseFileSystem,
  FuseSession,
  serveAsync,
  serveBlocking,
  serveStandingBy,
} from '@bttkit/fuse-kernel'
import { runAsync } from '@bttkit/sleepable'
import { createStack, type ImageShare, type Stack } from '@bttkit/stack'
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

interface Attached {
  readonly device: BttDevice
  /** For the others of a team. */
  readonly share?: ImageShare
}

async function attach(): Promise<Attached> {
  const stack = createStack(await loadPlugins(input.plugins))
  const { image, readOnly, namespaceOffset, durability, zeroing, team } = input
  if (team === undefined) {
    const blocking = !needsEventLoop(input)
    const options = { readOnly, namespaceOffset, durability, zeroing, blocking }
    return { device: await stack.openImage(image, options) }
  }
  if (team.share !== undefined) return { device: await stack.joinImage(team.share) }
  return attachForTeam(stack)
}

/** @throws {MountError} EOPNOTSUPP for what several blocked threads cannot use: storage, or a write-back cache */
async function attachForTeam(stack: Stack): Promise<Attached> {
  const { image, readOnly, namespaceOffset, zeroing } = input
  if (needsEventLoop(input)) {
    const why = 'writes gather in the memory of one'
    throw new MountError({ image }, `cannot be served by more than one thread: ${why}`, 'EOPNOTSUPP')
  }
  const provider = await stack.openProvider(image, { readOnly, blocking: true, threads: true })
  try {
    if (provider.capabilities.mayWait || provider.share === undefined) {
      const why = 'its storage waits for an event loop, or cannot be opened by several threads'
      throw new MountError({ image }, `cannot be served by more than one thread: ${why}`, 'EOPNOTSUPP')
    }
    const device = await stack.attachImage(provider, { readOnly, namespaceOffset, zeroing, threads: true })
    return { device, share: stack.shareImage(device) }
  } catch (error) {
    await provider.close()
    throw error
  }
}

/**
 * Whether requests go past the page cache. While a write is under way the kernel may let go of its page, and read it again for somebody else: who opens the disk has all pages let go of. One
 * thread that blocks answers these requests in their order. Where several are under way a read may come before the write, and the page would then keep the old content.
 */
function goesPastCache({ directIo, readOnly, team }: ServerInput, blocks: boolean): boolean {
  const isInOrder = blocks && team === undefined
  return directIo || !(readOnly || isInOrder)
}

async function serve(device: BttDevice, fd: number): Promise<'unmounted' | 'stopped'> {
  const { readOnly, stop, team } = input
  const { member = 0 } = team ?? {}
  // What may wait for other threads may do so on this one.
  const blocks = team !== undefined || !(device.mayWait || needsEventLoop(input))
  const board = new StatisticsBoard(input.statistics)
  const directIo = goesPastCache(input, blocks)
  const info = new TextFile('info.json', `${JSON.stringify(device.info, undefined, 2)}\n`)
  const files = [new DiskFile(device, blocks), info]
  const session = new FuseSession(
    new FuseFileSystem({ files, directIo, readOnly, ...(team && { sharedState: team.files }) }),
  )
  const options = {
    stop,
    onError: (error: unknown) => tell({ error: describe(error).message }),
    onHandled: () => board.update(device, member, blocks),
  }
  if (!blocks) return serveAsync(fd, session, options)
  if (team === undefined) return serveBlocking(fd, session, options)
  const inTeam = { ...options, crowd: new Crowd(team.crowd) }
  return member === 0 ? serveBlocking(fd, session, inTeam) : serveStandingBy(fd, session, inTeam)
}

async function nextCommand(): Promise<ServerCommand> {
  return new Promise((resolve) => {
    port?.once('message', resolve)
  })
}

async function run(): Promise<void> {
  const { device, share } = await attach()
  tell({ attached: device.info, share })
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
