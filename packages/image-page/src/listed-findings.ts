/** Which findings the page lists, where there are too many: the worst first, and of each code as many as of any other. */
import type { Finding, FindingSeverity } from '@bttkit/interfaces'
import { LONGEST_TEXT, MOST_FINDINGS, MOST_FINDING_BYTES, MOST_LINKS } from './page-limits.ts'
import type { AnyFinding } from './shown-lanes.ts'

/** What a code, a finding and one more link to a place take on the page, without their texts. */
const [GROUP_BYTES, FINDING_BYTES, LINK_BYTES] = [500, 500, 130]

const WORST_FIRST: readonly FindingSeverity[] = ['unreadable', 'damaged', 'recoverable', 'info']

/** Findings of one code. */
export interface CodeFindings {
  readonly code: string
  readonly severity: FindingSeverity
  readonly repair: string | undefined
  readonly listed: readonly Finding[]
}

/** Interrupted writes are legal, and yet what one wants to know first of an image in order. */
function rankOf({ code, severity }: CodeFindings): number {
  return WORST_FIRST.indexOf(code === 'write-interrupted' ? 'recoverable' : severity)
}

/** Bytes of the page that a text takes at most: of each character an escape may be made. */
function textBytes(text: string): number {
  return 6 * Math.min(text.length, LONGEST_TEXT)
}

function groupBytes({ code, repair = '' }: CodeFindings): number {
  return GROUP_BYTES + textBytes(code) + textBytes(repair)
}

function findingBytes({ message, lbas = [], lanes = [] }: AnyFinding): number {
  const links = Math.min(lbas.length, MOST_LINKS) + Math.min(lanes.length, MOST_LINKS)
  return FINDING_BYTES + textBytes(message) + links * LINK_BYTES
}

/** With at most so many of each code; codes that find no room at all are left out, the last ones first. */
function withinLimits(groups: readonly CodeFindings[], most: number): CodeFindings[] {
  const shown: CodeFindings[] = []
  let [room, bytes] = [MOST_FINDINGS, MOST_FINDING_BYTES]
  for (const group of groups) {
    const listed = group.listed.slice(0, most)
    room -= listed.length
    bytes -= groupBytes(group) + listed.reduce((sum, finding) => sum + findingBytes(finding), 0)
    if (room < 0 || bytes < 0) break
    shown.push({ ...group, listed })
  }
  return shown
}

function byCode(findings: readonly Finding[]): CodeFindings[] {
  const codes = new Map<string, Finding[]>()
  for (const finding of findings) {
    const same = codes.get(finding.code)
    if (same === undefined) codes.set(finding.code, [finding])
    else same.push(finding)
  }
  return [...codes].map(([code, listed]) => {
    const [first] = listed
    return { code, severity: first?.severity ?? 'info', repair: first?.repair, listed }
  })
}

export function listFindings(findings: readonly Finding[]): CodeFindings[] {
  const groups = byCode(findings).toSorted((one, other) => rankOf(one) - rankOf(other))
  let most = MOST_FINDINGS
  let shown = withinLimits(groups, most)
  while (shown.length < groups.length && most > 1) {
    most = Math.floor(most * 0.9)
    shown = withinLimits(groups, most)
  }
  return shown
}
