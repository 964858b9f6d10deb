import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { MountError, type BttInfo } from '@bttkit/interfaces'
import type { ImageShare } from '@bttkit/stack'
import { CommandError } from '@bttkit/command-line'
import type { ServerCommand, ServerFailure, ServerInput, ServerMessage } from './server-messages.ts'

function revive({ errno, message }: ServerFailure): Error {
  return errno === undefined ? new CommandError(message) : new MountError({}, message, errno)
}

/** An image that a thread has attached or joined. */
export interface AttachedImage {
  readonly info: BttInfo
  readonly share?: ImageShare | undefined
}

/** A thread that has an image and serves it, as the main thread sees it. */
export class ServingThread {
  /** Resolves when the image is attached. */
  readonly attached: Promise<AttachedImage>
  /** Resolves when the loop has ended and the image is closed. Rejects, as `attached` does, when the thread fails, or ends by itself. */
  readonly ended: Promise<void>
  private readonly worker: Worker

  constructor(input: ServerInput, onError: (message: string) => void) {
    // The thread's module lies beside this one, compiled or not.
    this.worker = new Worker(new URL(`serve-image${extname(import.meta.url)}`, import.meta.url), {
      workerData: input,
    })
    const failure = new Promise<never>((_, reject) => {
      this.worker.on('error', reject)
      // A provider may have ended it, or left it with nothing to wait for. After its last message this comes too late to be heard.
      this.worker.on('exit', () =>
        reject(new CommandError(`${input.image}: the thread that serves it ended`)),
      )
      this.worker.on('message', (message: ServerMessage) => {
        if ('failed' in message) reject(revive(message.failed))
        if ('error' in message) onError(message.error)
        // Its last words. A timer of some provider must not keep it, and with it this process, from ending.
        if ('failed' in message || 'ended' in message) void this.worker.terminate()
      })
    })
    const attached = new Promise<AttachedImage>((resolve) => {
      this.worker.on('message', (message: ServerMessage) => {
        if ('attached' in message) resolve({ info: message.attached, share: message.share })
      })
    })
    const ended = new Promise<void>((resolve) => {
      this.worker.on('message', (message: ServerMessage) => {
        if ('ended' in message) resolve()
      })
    })
    this.attached = Promise.race([failure, attached])
    this.ended = Promise.race([failure, ended])
    // Both are awaited later, or not at all when something else failed first.
    this.attached.catch(() => undefined)
    this.ended.catch(() => undefined)
  }

  command(command: ServerCommand): void {
    this.worker.postMessage(command)
  }
}
