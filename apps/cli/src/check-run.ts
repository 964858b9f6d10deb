import type { Finding, PmemProvider } from '@bttkit/interfaces'
import { checkImage, type CheckProgress, type ImageReport } from '@bttkit/checker-image'
import { withProgress, type CommonOptions } from '@bttkit/command-line'
import type { OpenedImage } from './with-image.ts'

/** A check that is over. */
export interface CheckedImage {
  /** The first of each code. */
  readonly findings: readonly Finding[]
  readonly report: ImageReport
}

function formatEntries(entries: number): string {
  return `${(entries / 1e6).toFixed(1)} M entries`
}

/** Checks an image with all checkers that there are, and shows how far the map is read. */
export function checkStorage(
  provider: PmemProvider,
  { stack, namespaceOffset, nvdimm, label }: OpenedImage,
  options: Pick<CommonOptions, 'quiet' | 'progress' | 'json'>,
  listLimit: number,
): Promise<CheckedImage> {
  let progress: CheckProgress = { doneEntries: 0, totalEntries: 0 }
  const subject = {
    label: 'checking',
    format: formatEntries,
    get totalBytes() {
      return progress.totalEntries
    },
  }
  return withProgress(options, subject, async (bar) => {
    const onProgress = (now: CheckProgress): void => {
      progress = now
      bar.update(now.doneEntries)
    }
    const checkers = stack.checkers()
    const offset = namespaceOffset === undefined ? {} : { namespaceOffset }
    const namespace = label && { uuid: label.uuid, nvdimm }
    const check = checkImage(provider, { ...offset, namespace, checkers, listLimit, onProgress })
    const findings: Finding[] = []
    let step = await check.next()
    for (; step.done !== true; step = await check.next()) findings.push(step.value)
    return { findings, report: step.value }
  })
}
