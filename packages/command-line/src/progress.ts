import cliProgress from 'cli-progress'
import type { CommonOptions } from './common-options.ts'
import { formatSize } from './format-size.ts'

/** Work that is over sooner shows nothing. */
const APPEARS_AFTER_MS = 1000

const WITH_TOTAL = '{label} [{bar}] {percentage}% | {done} of {size} | {rate}/s | {left} left'
const WITHOUT_TOTAL = '{label} {done} | {rate}/s | {elapsed}'

const padded = (value: number): string => String(value).padStart(2, '0')

function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return '?'
  const seconds = Math.round(ms / 1000)
  if (seconds < 60) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  return minutes < 60
    ? `${minutes}m${padded(seconds % 60)}s`
    : `${Math.floor(minutes / 60)}h${padded(minutes % 60)}m`
}

/** What a piece of work tells how far it is. */
export interface Progress {
  /** In bytes, or whatever the subject's `format` prints. Never throws. */
  update(doneBytes: number): void
}

/** Where the bar is drawn, and the clock. */
export interface ProgressSurroundings {
  readonly stream: NodeJS.WritableStream & { readonly isTTY?: boolean }
  /** Whether standard output is a terminal. */
  readonly outputIsTty: boolean
  /** Milliseconds. */
  readonly now: () => number
}

/** What is to be shown. */
export interface ProgressSubject {
  /** A word or two: `exporting`. */
  readonly label: string
  /** Absent where it is not known. May grow, where more work comes up. */
  readonly totalBytes?: number | undefined
  /** Prints an amount, for work that is not counted in bytes. Default: as a size. */
  readonly format?: ((amount: number) => string) | undefined
}

/** A bar that appears at the first update after a second. */
class ProgressBar implements Progress {
  private readonly subject: ProgressSubject
  private readonly surroundings: ProgressSurroundings
  private readonly startedMs: number
  private bar: cliProgress.SingleBar | undefined

  constructor(subject: ProgressSubject, surroundings: ProgressSurroundings) {
    this.subject = subject
    this.surroundings = surroundings
    this.startedMs = surroundings.now()
  }

  update(doneBytes: number): void {
    const elapsedMs = this.surroundings.now() - this.startedMs
    if (elapsedMs < APPEARS_AFTER_MS) return
    const { label, totalBytes = 0, format = formatSize } = this.subject
    const bytesAMs = doneBytes / elapsedMs
    const payload = {
      label,
      done: format(doneBytes),
      size: format(totalBytes),
      rate: format(Math.round(bytesAMs * 1000)),
      elapsed: formatDuration(elapsedMs),
      // Over the whole time: steadier than what the last few updates promise.
      left: formatDuration((totalBytes - doneBytes) / bytesAMs),
    }
    if (this.bar === undefined) {
      this.bar = this.makeBar()
      this.bar.start(totalBytes, doneBytes, payload)
    }
    this.bar.setTotal(totalBytes)
    this.bar.update(doneBytes, payload)
  }

  /** Takes the bar off the terminal. */
  remove(): void {
    this.bar?.stop()
  }

  private makeBar(): cliProgress.SingleBar {
    return new cliProgress.SingleBar({
      format: this.subject.totalBytes === undefined ? WITHOUT_TOTAL : WITH_TOTAL,
      stream: this.surroundings.stream,
      barsize: 20,
      clearOnComplete: true,
      linewrap: true,
      // It would catch SIGINT, and the program would go on.
      gracefulExit: false,
    })
  }
}

const SILENT: Progress = { update: () => undefined }

function terminal(): ProgressSurroundings {
  return { stream: process.stderr, outputIsTty: process.stdout.isTTY, now: () => performance.now() }
}

/**
 * Runs `work`, and shows its progress where that is wanted: on standard error, if it is a terminal, from the first second on. The bar is
 * gone when this returns or throws.
 */
export async function withProgress<T>(
  options: Pick<CommonOptions, 'quiet' | 'progress' | 'json'>,
  subject: ProgressSubject,
  work: (progress: Progress) => Promise<T>,
  surroundings: ProgressSurroundings = terminal(),
): Promise<T> {
  const { stream, outputIsTty } = surroundings
  const isWanted = options.progress && !options.quiet && (!options.json || outputIsTty)
  if (!isWanted || stream.isTTY !== true) return work(SILENT)
  const bar = new ProgressBar(subject, surroundings)
  try {
    return await work(bar)
  } finally {
    bar.remove()
  }
}
