import type { Sleepable, Wait } from '@bttkit/interfaces'
import { type CheckRun, FindingLog, type ImageReader, MapPasses } from '@bttkit/checker-image/parts'
import type { SalvageSink } from './salvage-sink.ts'

/** How far a salvage is, in bytes of the image that are dealt with. The total is 0 until the layouts are known. */
export interface SalvageProgress {
  readonly doneBytes: number
  readonly totalBytes: number
}

export interface SalvageRunOptions {
  readonly onProgress?: ((progress: SalvageProgress) => void) | undefined
  /** What to yield now and then, for a driver that has other things to do. Default: it is not left. */
  readonly pause?: Wait | undefined
  /** Ends the salvage with its reason. */
  readonly signal?: AbortSignal | undefined
}

/** What the parts of a salvage work with. */
export class SalvageRun {
  readonly reader: ImageReader
  readonly sink: SalvageSink
  /** Of the parts of a check over maps. How far they are is not told: `advance` is. */
  readonly passes: MapPasses
  private readonly options: SalvageRunOptions
  private doneBytes = 0
  private totalBytes = 0

  constructor(reader: ImageReader, sink: SalvageSink, options: SalvageRunOptions) {
    this.reader = reader
    this.sink = sink
    this.options = options
    const { pause, signal } = options
    this.passes = new MapPasses({ pause, signal })
  }

  expect(bytes: number): void {
    this.totalBytes += bytes
  }

  advance(bytes: number): void {
    this.doneBytes += bytes
    this.options.onProgress?.({ doneBytes: this.doneBytes, totalBytes: this.totalBytes })
  }

  /** Lets others run. @throws the reason of the signal */
  *pause(): Sleepable<void> {
    if (this.options.pause !== undefined) yield this.options.pause
    this.options.signal?.throwIfAborted()
  }

  /** For the parts of a check. Its findings are counted in `log`. */
  checkRun(log = new FindingLog(0, () => undefined)): CheckRun {
    const { reader, passes } = this
    return { reader, log, passes }
  }
}
