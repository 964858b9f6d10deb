/** What a repair knows of an image: the findings of a check of the image as it is planned, all of them. */
import type { Finding, Sleepable } from '@bttkit/interfaces'
import { examineBy, type ImageReport } from './check-image.ts'
import type { Arena, CheckRun } from './check-run.ts'
import { FINDING_KINDS, type FindingCode } from './finding-kinds.ts'
import { FindingLog, type ImageFinding } from './finding-log.ts'

/** With more of one code an image is a case for salvage, not for repair. */
export const MOST_FINDINGS = 100_000

const isOurCode = (code: string): code is FindingCode => Object.hasOwn(FINDING_KINDS, code)
const isOurs = (finding: Finding): finding is ImageFinding => isOurCode(finding.code)

export class Look {
  readonly report: ImageReport
  readonly arenas: readonly Arena[]
  private readonly findings: readonly ImageFinding[]

  constructor(report: ImageReport, arenas: readonly Arena[], findings: readonly ImageFinding[]) {
    this.report = report
    this.arenas = arenas
    this.findings = findings
  }

  /** Those of some codes, in the order in which they were found. @param arena absent: of all */
  of(codes: FindingCode | readonly FindingCode[], arena?: number): readonly ImageFinding[] {
    return this.findings.filter(
      (finding) =>
        (typeof codes === 'string' ? codes === finding.code : codes.includes(finding.code)) &&
        (arena === undefined || finding.arena === arena),
    )
  }

  has(codes: FindingCode | readonly FindingCode[], arena?: number): boolean {
    return this.of(codes, arena).length > 0
  }

  /** Codes of findings that are worse than `info`. */
  get damages(): ReadonlySet<FindingCode> {
    return new Set(this.findings.filter(({ severity }) => severity !== 'info').map(({ code }) => code))
  }

  /** A code of which there are more than are known here. */
  get flood(): FindingCode | undefined {
    const { findingsByCode } = this.report
    const codes = Object.keys(findingsByCode).filter(isOurCode)
    return codes.find((code) => (findingsByCode[code] ?? 0) > MOST_FINDINGS)
  }
}

/** Checks what a reader shows. */
export function* lookAt(
  { reader, passes }: Pick<CheckRun, 'reader' | 'passes'>,
  namespaceOffset: number | undefined,
): Sleepable<Look> {
  const findings: ImageFinding[] = []
  const log = new FindingLog(MOST_FINDINGS, (finding) => {
    if (isOurs(finding)) findings.push(finding)
  })
  const { report, arenas } = yield* examineBy({ reader, log, passes }, namespaceOffset)
  return new Look(report, arenas, findings)
}
