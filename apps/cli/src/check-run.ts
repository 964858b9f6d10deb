import type { Finding, PmemProvider } from '@bttkit/interfaces'
import { checkImage, type CheckProgress, type ImageObserver, type ImageReport } from '@bttkit/checker-image'
import { withProgress, type CommonOptions } from '@bttkit/command-line'
import type { ImageToOpen } from './with-image.ts'

/** A check that is over. */
export interface CheckedImage {
  /** The first of each code. */
  readonly findings: readonly Finding[]
  readonly report: ImageReport
}

function formatEntries(entries: number): string {
  return `${(entries / 1e6).toFixed(1)} M entries`
}

/** How a check is made known, while it runs and of what comes of it. */
export interface CheckSettings {
  /** Of each code so many findings are listed. */
  readonly listLimit: number
  readonly observer?: ImageObserver | undefined
}

export type Shown = Pick<CommonOptions, 'quiet' | 'progress' | 'json'>

/** Does work that reads the maps of an image, and shows how far they are read. */
export function withMapProgress<T>(
  options: Shown,
  label: string,
  work: (onProgress: (now: CheckProgress) => void) => Promise<T>,
): Promise<T> {
  let progress: CheckProgress = { doneEntries: 0, totalEntries: 0 }
  const subject = {
    label,
    format: formatEntries,
    get totalBytes() {
      return progress.totalEntries
    },
  }
  return withProgress(options, subject, (bar) =>
    work((now) => {
      progress = now
      bar.update(now.doneEntries)
    }),
  )
}

/** Checks an image with all checkers that there are, and shows how far the map is read. */
export function checkStorage(
  provider: PmemProvider,
  { stack, namespaceOffset }: ImageToOpen,
  options: Shown,
  { listLimit, observer }: CheckSettings,
): Promise<CheckedImage> {
  return withMapProgress(options, 'checking', async (onProgress) => {
    const checkers = stack.checkers()
    const offset = namespaceOffset === undefined ? {} : { namespaceOffset }
    const check = checkImage(provider, { ...offset, checkers, listLimit, onProgress, observer })
    const findings: Finding[] = []
    let step = await check.next()
    for (; step.done !== true; step = await check.next()) findings.push(step.value)
    return { findings, report: step.value }
  })
}
