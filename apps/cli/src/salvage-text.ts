/** What `btt salvage` prints. */
import { CERTAINTIES, type ConsideredLayout, type SalvageReport, type SalvagedArena } from '@bttkit/salvage'
import { arenaOf, countsOf } from './salvage-manifest.ts'

const SOURCES = {
  primary: 'by its info block',
  backup: 'by its backup info block',
  'other-arena': 'as it fits the first arena, flog and map',
  inferred: 'as it fits flog and map',
  'by-hand': 'by hand',
} as const satisfies Readonly<Record<SalvagedArena['source'], string>>

function shapeOf({ info }: ConsideredLayout): string {
  const { externalNlba, externalLbasize, nfree } = info
  return `${externalNlba} sectors of ${externalLbasize} bytes, nfree ${nfree}`
}

function describeArena(arena: SalvagedArena): string[] {
  const { index, offset, source, fit, others } = arena
  const lines = [`arena ${index} at byte ${offset}, ${SOURCES[source]}: ${shapeOf(arena)}`]
  for (const contradiction of fit.contradictions) lines.push(`  ${contradiction}`)
  const better = others.find((other) => other.fit.isFlogRight && other.fit.damages < fit.damages)
  if (better !== undefined) lines.push(`  flog and map fit better: ${shapeOf(better)}`)
  return lines
}

/** A salvage for people. */
export function describeSalvage(report: SalvageReport, out: string): string {
  const { device, sectors, blocks, unreferencedBlocks, interruptedWrites, isComplete } = report
  const counts = CERTAINTIES.filter((certainty) => sectors[certainty] > 0).map(
    (certainty) => `${sectors[certainty]} ${certainty}`,
  )
  const lines = [
    ...device.arenas.flatMap(describeArena),
    `sectors: ${counts.join(', ')}`,
    `blocks that are no sector's for sure: ${blocks}, of which ${unreferencedBlocks} are nobody's`,
    ...(interruptedWrites > 0 ? [`interrupted writes: ${interruptedWrites}`] : []),
    isComplete
      ? `${out}: everything was got`
      : `${out}: not everything was got; ${out}/manifest.json says what is missing`,
  ]
  return `${lines.join('\n')}\n`
}

/** A salvage for programs. */
export function jsonOfSalvage(report: SalvageReport, out: string): Readonly<Record<string, unknown>> {
  const { image, sectorSize, metadataSize, sectorCount, arenas } = report.device
  return {
    image,
    out,
    sectorSize,
    metadataSize,
    sectorCount,
    arenas: arenas.map(arenaOf),
    ...countsOf(report),
  }
}
