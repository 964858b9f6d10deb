import type { BttInfo } from '@bttkit/interfaces'
import { createCrowd, endCrowd, FuseFileSystem } from '@bttkit/fuse-kernel'
import type { ServerCommand, ServerInput } from './server-messages.ts'
import { ServingThread } from './serving-thread.ts'

/** The disk, and `info.json`. */
const FILE_COUNT = 2

/**
 * The threads that serve an image: one that owns it, and, where there are more, others that stand by it. What one of them cannot go on from ends the mount for all: the request that it
 * had has no answer.
 */
export class ServingTeam {
  readonly info: BttInfo
  /** Resolves when all loops have ended and the image is closed. Rejects when one of the threads fails, or ends by itself; others may go on then. */
  readonly ended: Promise<void>
  private readonly threads: readonly ServingThread[]

  private constructor(info: BttInfo, threads: readonly ServingThread[]) {
    this.info = info
    this.threads = threads
    this.ended = Promise.all(threads.map(({ ended }) => ended)).then(() => undefined)
    this.ended.catch(() => undefined)
  }

  /** Returns when all of `count` threads have the image; where one cannot, nobody has it. Its error is thrown. */
  static async start(
    input: ServerInput,
    count: number,
    onError: (message: string) => void,
  ): Promise<ServingTeam> {
    if (count === 1) {
      const thread = new ServingThread(input, onError)
      return new ServingTeam((await thread.attached).info, [thread])
    }
    const common = { crowd: createCrowd(), files: FuseFileSystem.sharedState(FILE_COUNT) }
    const owner = new ServingThread({ ...input, team: { ...common, member: 0 } }, onError)
    const { info, share } = await owner.attached
    const others = Array.from(
      { length: count - 1 },
      (_, index) => new ServingThread({ ...input, team: { ...common, member: index + 1, share } }, onError),
    )
    const team = new ServingTeam(info, [owner, ...others])
    // Without the owner nobody serves all the time, so nobody is there for others to stand by.
    const dismiss = (): void => endCrowd(common.crowd)
    owner.ended.then(dismiss, dismiss)
    try {
      await Promise.all(others.map(({ attached }) => attached))
    } catch (error) {
      team.command('close')
      await team.allEnded()
      throw error
    }
    return team
  }

  command(command: ServerCommand): void {
    for (const thread of this.threads) thread.command(command)
  }

  /** Resolves when no thread uses the mount or the image any more, however it went. */
  async allEnded(): Promise<void> {
    await Promise.allSettled(this.threads.map(({ ended }) => ended))
  }
}
