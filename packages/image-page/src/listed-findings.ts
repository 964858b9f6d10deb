/** Which findings the page lists, where there are too many: the worst first, and of each code as many as of any other. */
import type { Finding, FindingSeverity } from '@bttkit/interfaces'
import { MOST_FINDINGS } from './page-limits.ts'

const WORST_FIRST: readonly FindingSeverity[] = ['unreadable', 'damaged', 'recoverable', 'info']

/** Findings of one code. */
export interface CodeFindings {
  readonly code: string
  readonly severity: FindingSeverity
  readonly repair: string | undefined
  readonly listed: readonly Finding[]
}

/** So many of each code that all together are not too many. */
function mostOfEach(sizes: readonly number[]): number {
  let most = MOST_FINDINGS
  while (most > 1 && sizes.reduce((sum, size) => sum + Math.min(size, most), 0) > MOST_FINDINGS) most--
  return most
}

export function listFindings(findings: readonly Finding[]): CodeFindings[] {
  const byCode = new Map<string, Finding[]>()
  for (const finding of findings) {
    const same = byCode.get(finding.code)
    if (same === undefined) byCode.set(finding.code, [finding])
    else same.push(finding)
  }
  const most = mostOfEach([...byCode.values()].map(({ length }) => length))
  return [...byCode]
    .map(([code, all]): CodeFindings => {
      const [first] = all
      return { code, severity: first?.severity ?? 'info', repair: first?.repair, listed: all.slice(0, most) }
    })
    .toSorted((one, other) => WORST_FIRST.indexOf(one.severity) - WORST_FIRST.indexOf(other.severity))
    .slice(0, MOST_FINDINGS)
}
