/** What `btt check` prints. */
import type { Finding } from '@bttkit/interfaces'
import { totalSectors, type SectorCounts } from '@bttkit/checker-image'
import type { CheckedImage } from './check-run.ts'

const PLACES = ['arena', 'lane', 'lba', 'block', 'offset'] as const satisfies readonly (keyof Finding)[]
const PLACE_NAMES = { arena: 'arena', lane: 'lane', lba: 'LBA', block: 'block', offset: 'byte' } as const

/** Where something is, for people. */
export function placeOf(finding: Pick<Finding, (typeof PLACES)[number]>): string {
  return PLACES.flatMap((part) =>
    finding[part] === undefined ? [] : [`${PLACE_NAMES[part]} ${finding[part]}`],
  ).join(', ')
}

function describeFinding(finding: Finding): string[] {
  const { code, severity, message, repair } = finding
  return [
    `${severity}: ${message}`,
    `  ${[code, placeOf(finding)].filter((part) => part !== '').join(' at ')}`,
    ...(repair === undefined ? [] : [`  repair: ${repair}`]),
  ]
}

/** With no more findings of each code than so many. */
export function firstOfEach(checked: CheckedImage, most: number): CheckedImage {
  const seen = new Map<string, number>()
  const findings = checked.findings.filter(({ code }) => {
    const count = (seen.get(code) ?? 0) + 1
    seen.set(code, count)
    return count <= most
  })
  return { ...checked, findings }
}

function describeSectors({ initial, error, zero, normal, unknown }: SectorCounts): string {
  const lost = unknown === 0 ? '' : `, ${unknown} unknown`
  return `sectors: ${normal} written, ${initial} never written, ${zero} zeroed, ${error} lost${lost}`
}

/** Codes of which there are more than were listed. */
function* unlisted({ findings, report }: CheckedImage): Generator<[code: string, count: number]> {
  for (const [code, count] of Object.entries(report.findingsByCode)) {
    const listed = findings.filter((finding) => finding.code === code).length
    if (count > listed) yield [code, count - listed]
  }
}

/** A check for people. */
export function describeCheck(checked: CheckedImage): string {
  const { findings, report } = checked
  const lines = findings.flatMap(describeFinding)
  for (const [code, count] of unlisted(checked)) lines.push(`and ${count} more of ${code}`)
  if (report.arenas.length > 0) lines.push(describeSectors(totalSectors(checked.report)))
  return `${[...lines, `${report.image}: ${report.verdict}`].join('\n')}\n`
}

/** A check for programs. Places that a finding does not have are null. */
export function jsonOfCheck(checked: CheckedImage): Readonly<Record<string, unknown>> {
  const { findings, report } = checked
  const { image, verdict, namespaceOffset, arenas } = report
  return {
    image,
    verdict,
    namespaceOffset: namespaceOffset ?? null,
    findings: findings.map(({ code, severity, message, repair, ...places }) => ({
      code,
      severity,
      arena: null,
      lane: null,
      lba: null,
      block: null,
      offset: null,
      ...places,
      message,
      repair: repair ?? null,
    })),
    counts: {
      ...report.findings,
      byCode: report.findingsByCode,
      unlisted: Object.fromEntries(unlisted(checked)),
      arenas: arenas.length,
      sectors: totalSectors(checked.report),
    },
  }
}
