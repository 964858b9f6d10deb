import type { Finding, FindingSeverity } from '@bttkit/interfaces'
import { FINDING_KINDS, REPAIRS, type FindingCode } from './finding-kinds.ts'

/** A finding of `checkImage` itself. LBAs are those of the device; blocks and lanes are counted in their arena. */
export interface ImageFinding extends Finding {
  readonly code: FindingCode
  /** Where several sectors have one block: all of them, or the first 1000. */
  readonly lbas?: readonly number[]
  /** Where lanes have a block free that others have: all of them. */
  readonly lanes?: readonly number[]
  /** Where it is so of several sectors in a row: how many, from `lba` on. */
  readonly count?: number
}

/** Where it is and what it is; the rest follows from the code. */
export type FindingDetails = Omit<ImageFinding, 'code' | 'severity' | 'repair'>

/** Of each code, unless somebody asks for more or less. */
export const LIST_LIMIT = 1000

const NOTHING: Readonly<Record<FindingSeverity, number>> = {
  info: 0,
  recoverable: 0,
  damaged: 0,
  unreadable: 0,
}

/** Counts findings, and hands on the first ones of each code: what is wrong a million times is listed a few times. */
export class FindingLog {
  /** How many there are of each severity, listed or not. */
  readonly bySeverity: Record<FindingSeverity, number> = { ...NOTHING }
  private readonly byCode = new Map<string, number>()
  private readonly listedByCode = new Map<string, number>()
  private readonly listLimit: number
  private readonly onFinding: (finding: Finding) => void

  /** @param listLimit of each code */
  constructor(listLimit: number, onFinding: (finding: Finding) => void) {
    this.listLimit = listLimit
    this.onFinding = onFinding
  }

  /** @param describe called only for one that is listed */
  add(code: FindingCode, describe: () => FindingDetails): void {
    const { severity, repair } = FINDING_KINDS[code]
    this.count(code, severity, 1, () => {
      const finding: ImageFinding = {
        code,
        severity,
        ...describe(),
        ...(repair !== undefined && { repair: REPAIRS[repair] }),
      }
      return finding
    })
  }

  /** Told of a code as soon as it is certain that a finding of it will be added. Only who wants no more than the first finding has a use for it. */
  foresee(_code: FindingCode): void {}

  /** Counts findings that nobody describes, because enough of their code are listed. */
  addUnlisted(code: FindingCode, count: number): void {
    if (count > 0) this.count(code, FINDING_KINDS[code].severity, count)
  }

  /** A finding of another checker. */
  addForeign(finding: Finding): void {
    this.count(finding.code, finding.severity, 1, () => finding)
  }

  /** Of one code, listed or not. */
  countOf(code: FindingCode): number {
    return this.byCode.get(code) ?? 0
  }

  /** How many more of this code would be listed. */
  roomFor(code: FindingCode): number {
    return this.listLimit - (this.listedByCode.get(code) ?? 0)
  }

  /** By code, in the order in which they came. */
  counts(): Record<string, number> {
    return Object.fromEntries(this.byCode)
  }

  private count(code: string, severity: FindingSeverity, count: number, make?: () => Finding): void {
    this.byCode.set(code, (this.byCode.get(code) ?? 0) + count)
    this.bySeverity[severity] += count
    const listed = this.listedByCode.get(code) ?? 0
    if (make === undefined || listed >= this.listLimit) return
    this.listedByCode.set(code, listed + 1)
    this.onFinding(make())
  }
}
