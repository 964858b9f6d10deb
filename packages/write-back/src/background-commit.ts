import { runAsync, runBlocking } from '@bttkit/sleepable'
import type { Sleepable } from '@bttkit/interfaces'
import type { Commits } from './commits.ts'
import type { GatheredSectors } from './gathered-sectors.ts'

export interface BackgroundParts {
  readonly sectors: GatheredSectors
  readonly commits: Commits
  /** How long sectors may stay in memory. */
  readonly limitMs: number
  /** Whether this thread waits by blocking: then no task of it may be left at a wait. */
  isBlocking(): boolean
  /** Commits, and leaves failures to be heard by others. */
  commit(): Sleepable<void>
}

/**
 * Commits by itself where the event loop turns: when the oldest sector has been in memory for long enough, or when half of the memory is taken, so that writers find room while a commit is
 * under way. After a failure it waits for somebody to ask. Its timer keeps the process alive: what is in memory would be lost.
 */
export class BackgroundCommit {
  private readonly parts: BackgroundParts
  private timer: NodeJS.Timeout | undefined
  private isPrompt = false
  private isUnderWay = false
  private hasEnded = false

  constructor(parts: BackgroundParts) {
    this.parts = parts
  }

  /** To be called whenever something was gathered. */
  noteGathered(): void {
    const { sectors, commits, limitMs } = this.parts
    if (this.hasEnded || this.isUnderWay || commits.hasFailed || !sectors.hasFresh) return
    if (sectors.isHalfFull) {
      if (this.isPrompt) return
      this.clear()
      this.isPrompt = true
      this.timer = setTimeout(() => this.begin(), 0)
    } else {
      this.timer ??= setTimeout(() => this.begin(), sectors.freshSinceMs + limitMs - performance.now())
    }
  }

  /** Nothing is committed by itself any more. */
  end(): void {
    this.hasEnded = true
    this.clear()
  }

  private clear(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    this.isPrompt = false
  }

  private begin(): void {
    this.clear()
    this.isUnderWay = true
    void this.run().finally(() => {
      this.isUnderWay = false
      this.noteGathered()
    })
  }

  private async run(): Promise<void> {
    const operation = this.parts.commit()
    if (this.parts.isBlocking()) runBlocking(operation)
    else await runAsync(operation)
  }
}
