import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { MountError } from '@bttkit/interfaces'
import { writeOutput } from '@bttkit/command-line'
import { mountImage, type MountedImage } from '@bttkit/mount'
import { runTool } from './run-tool.ts'
import { Undo } from './undo.ts'

/** For so long somebody who looks at new devices may have the disk open after its loop device was detached. */
const BUSY_LIMIT_MS = 5000
const POLL_MS = 50

/** Unmounts, also when it takes a moment until nobody uses the disk any more. */
async function unmountWhenFree(mounted: MountedImage): Promise<void> {
  const limit = performance.now() + BUSY_LIMIT_MS
  for (;;) {
    try {
      await mounted.unmount()
      return
    } catch (error) {
      const isBusy = error instanceof MountError && error.errno === 'EBUSY'
      if (!isBusy || performance.now() > limit) throw error
    }
    await delay(POLL_MS)
  }
}

/** One run of the demonstration: its folder, its image, and what has to be taken down again. */
export class Journey {
  readonly undo = new Undo()
  readonly folder: string
  readonly image: string
  readonly mountPoint: string
  /** Aborted when the journey is to end early. */
  readonly signal: AbortSignal

  constructor(folder: string, signal: AbortSignal) {
    this.folder = folder
    this.image = join(folder, 'demo.btt')
    this.mountPoint = join(folder, 'mnt')
    this.signal = signal
  }

  /** The file with the sectors, while the image is mounted. */
  get disk(): string {
    return join(this.mountPoint, 'disk')
  }

  say(line: string): Promise<void> {
    return writeOutput(`${line}\n`)
  }

  /** Says what is left out, and why. */
  skip(reason: string): Promise<void> {
    return this.say(`skipped the file system: ${reason}; comparing bytes on the disk itself instead`)
  }

  /** Runs a program of the system, which is killed when the journey is to end, and leaves nothing then. */
  run(program: string, ...args: string[]): Promise<string> {
    return runTool([program, ...args], this.signal)
  }

  /**
   * Runs a program that makes something which has to be taken down again, and notes how. It is not killed when the journey is to end: half-way, nobody
   * would know whether there is something to take down.
   */
  async make(
    undo: (output: string) => [string, ...string[]],
    program: string,
    ...args: string[]
  ): Promise<string> {
    this.signal.throwIfAborted()
    const output = await runTool([program, ...args])
    this.undo.add(() => runTool(undo(output)))
    this.signal.throwIfAborted()
    return output
  }

  async mount(): Promise<void> {
    this.signal.throwIfAborted()
    await mkdir(this.mountPoint, { recursive: true })
    const mounted = await mountImage({
      image: this.image,
      mountPoint: this.mountPoint,
      onError: (message) => process.stderr.write(`demo: ${message}\n`),
    })
    this.undo.add(() => unmountWhenFree(mounted))
  }
}
