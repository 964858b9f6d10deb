/** `btt check` of an image with several namespaces: its labels, and then each namespace that is a BTT, or whose label says so. */
import type { Finding, PmemProvider } from '@bttkit/interfaces'
import type { Namespace } from '@bttkit/btt'
import { examineLabels, type ImageReport, type Verdict } from '@bttkit/checker-image'
import type { CommonOptions } from '@bttkit/command-line'
import { runAsync } from '@bttkit/sleepable'
import { namespaceWindow } from '@bttkit/stack'
import { checkStorage, type CheckedImage, type CheckSettings } from './check-run.ts'
import { describeCheck, jsonOfCheck } from './check-text.ts'
import { describeNamespace, jsonOfNamespace } from './namespace-text.ts'
import type { ImageToOpen } from './with-image.ts'

interface CheckedNamespace {
  readonly namespace: Namespace
  /** Absent for one that holds no BTT, and for one that cannot be opened. */
  readonly checked: CheckedImage | undefined
}

/** An image that was checked, all of it. */
export interface CheckedNamespaces {
  readonly labels: CheckedImage
  readonly namespaces: readonly CheckedNamespace[]
  /** The worst of all. */
  readonly verdict: Verdict
}

const FROM_BEST: readonly Verdict[] = ['clean', 'recoverable', 'damaged', 'unreadable']

function worstOf(verdicts: readonly Verdict[]): Verdict {
  return FROM_BEST.findLast((verdict) => verdicts.includes(verdict)) ?? 'clean'
}

function shouldHoldBtt({ content, abstraction }: Namespace): boolean {
  if (content === undefined) return false
  return content.startsWith('btt') || abstraction?.startsWith('btt') === true
}

export async function checkNamespaces(
  nvdimm: PmemProvider,
  all: readonly Namespace[],
  target: ImageToOpen,
  options: Pick<CommonOptions, 'quiet' | 'progress' | 'json'>,
  settings: CheckSettings,
): Promise<CheckedNamespaces> {
  const findings: Finding[] = []
  const onFinding = (finding: Finding): unknown => findings.push(finding)
  const labels = {
    findings,
    report: await runAsync(examineLabels(nvdimm, { listLimit: settings.listLimit, onFinding })),
  }
  const namespaces: CheckedNamespace[] = []
  for (const namespace of all) {
    const opened = { ...target, nvdimm: undefined, label: namespace }
    const checked = shouldHoldBtt(namespace)
      ? await checkStorage(namespaceWindow(nvdimm, namespace), opened, options, settings)
      : undefined
    namespaces.push({ namespace, checked })
  }
  const verdicts = reportsOf({ labels, namespaces }).map(({ verdict }) => verdict)
  return { labels, namespaces, verdict: worstOf(verdicts) }
}

/** That of the labels, and of each namespace that was checked. */
export function reportsOf({
  labels,
  namespaces,
}: Pick<CheckedNamespaces, 'labels' | 'namespaces'>): ImageReport[] {
  return [labels.report, ...namespaces.flatMap(({ checked }) => checked?.report ?? [])]
}

/** For people: the labels first, and the verdict on all of it last. */
export function describeCheckedNamespaces({ labels, namespaces, verdict }: CheckedNamespaces): string {
  const { image } = labels.report
  const parts = namespaces.map(({ namespace, checked }) =>
    [describeNamespace(namespace), checked ? describeCheck(checked) : 'not checked\n'].join('\n'),
  )
  return [`labels\n${describeCheck(labels)}`, ...parts, `all of ${image}: ${verdict}\n`].join('\n')
}

/** For programs: what was found in the labels, and under `namespaces` what was found in each. */
export function jsonOfCheckedNamespaces(checked: CheckedNamespaces): Readonly<Record<string, unknown>> {
  const { labels, namespaces, verdict } = checked
  const { image, findings, counts } = jsonOfCheck(labels)
  return {
    image,
    verdict,
    findings,
    counts,
    namespaces: namespaces.map(({ namespace, checked: inside }) => ({
      ...jsonOfNamespace(namespace),
      check: inside === undefined ? null : jsonOfCheck(inside),
    })),
  }
}
