import type { Wait } from '@bttkit/interfaces'
import type { CheckProgress } from './check-run.ts'

/** What whoever started the work wants to know, and to do, while maps are read. */
export interface PassOptions {
  /** Told after each piece of a map: some 250 thousand entries, or a hole. */
  readonly onProgress?: ((progress: CheckProgress) => void) | undefined
  /** What to yield after each such piece, for a driver that has other things to do. Default: it is not left. */
  readonly pause?: Wait | undefined
  /** Looked at after each such piece. */
  readonly signal?: AbortSignal | undefined
}

/** The passes over the maps of an image: how far they are, and where others come in. */
export class MapPasses {
  readonly pause: Wait | undefined
  private readonly report: PassOptions['onProgress']
  private readonly signal: AbortSignal | undefined
  private doneEntries = 0
  private totalEntries = 0

  constructor({ onProgress, pause, signal }: PassOptions) {
    this.report = onProgress
    this.pause = pause
    this.signal = signal
  }

  /** Told before the entries are read that `advance` will tell of. */
  expect(entries: number): void {
    this.totalEntries += entries
  }

  /** As `expect`, of a pass that may end early: whoever ends it calls what this returns, and nothing of it is expected any more. */
  beginPass(entries: number): () => void {
    const end = this.doneEntries + entries
    this.expect(entries)
    return () => {
      this.totalEntries -= Math.max(0, end - this.doneEntries)
    }
  }

  /** Told after each piece of a map. @throws the reason of the signal */
  advance(entries: number): void {
    this.doneEntries += entries
    this.report?.({ doneEntries: this.doneEntries, totalEntries: this.totalEntries })
    this.signal?.throwIfAborted()
  }
}
