/** Images that Linux and libpmemblk wrote, and damaged ones, against what ndctl and pmempool say of them. */
import { describe, expect, test } from 'vitest'
import {
  applyPatches,
  corruptions,
  kernelImage,
  kernelImages,
  poolImage,
  poolImages,
  type Corruption,
} from '@bttkit/fixtures'
import type { Finding } from '@bttkit/interfaces'
import type { FindingCode, Verdict } from './index.ts'
import { check } from './image.test-support.ts'

const codesAbove = (findings: readonly Finding[]): string[] =>
  findings.filter(({ severity }) => severity !== 'info').map(({ code }) => code)

const sound = [...kernelImages().filter(({ kind }) => kind !== 'corrupt'), ...poolImages()]

test.each(sound.map((image) => [image.name, image] as const))(
  '%s, which nobody damaged, is in order',
  (_name, image) => {
    const { report, findings } = check(image.bytes())
    expect(report.verdict).toBe(image.kind === 'crash' ? 'recoverable' : 'clean')
    expect(findings.map(({ severity }) => severity)).toEqual(findings.map(() => 'info'))
  },
)

const lanesOf = (findings: readonly Finding[], code: FindingCode): unknown[] =>
  findings.filter((finding) => finding.code === code).map(({ lane }) => lane)

const attachable = kernelImages().filter(({ manifest }) => manifest.arenas !== undefined)

test.each(attachable.map((image) => [image.name, image] as const))(
  '%s: each write that the crash interrupted is named, each slot that it half wrote, and the sectors are counted',
  (_name, image) => {
    const { findings, report } = check(image.bytes())
    const arena = image.manifest.arenas?.[0]
    const pending = arena?.pendingRecovery.map(({ lane }) => lane)
    expect(lanesOf(findings, 'write-interrupted')).toEqual(pending)
    expect(lanesOf(findings, 'flog-half-written')).toEqual(arena?.halfWrittenFlogLanes)
    // The manifest counts the entries before recovery, which makes one of another kind only of an initial one.
    if (pending?.length === 0) expect(report.arenas[0]?.sectors).toEqual({ ...arena?.mapFlags, unknown: 0 })
  },
)

test('of a pool whose writes were cut, too', () => {
  const { bytes, recovery, counts } = {
    ...poolImage('crash-4096').manifest,
    bytes: poolImage('crash-4096').bytes(),
  }
  const { findings, report } = check(bytes)
  const lbas = findings.filter(({ code }) => code === 'write-interrupted').map(({ lba }) => lba ?? -1)
  expect(lanesOf(findings, 'write-interrupted')).toEqual(recovery?.in_flight_lanes)
  expect(new Set(lbas)).toEqual(new Set(recovery?.map_entries_to_change.map(({ lba }) => lba)))
  expect(report.arenas[0]?.sectors).toMatchObject(counts ?? {})
})

/** What the manifest says was altered, the verdict, and the finding at its place. */
const KERNEL: [name: string, verdict: Verdict, finding: Partial<Finding> & { code: FindingCode }][] = [
  ['bad-flog-same-seq', 'damaged', { code: 'flog-sequence', arena: 0, lane: 0 }],
  ['bad-info-both-zero', 'unreadable', { code: 'no-btt' }],
  ['bad-info1-zero', 'damaged', { code: 'primary-info-bad', arena: 0, offset: 4096 }],
  ['bad-map-oob', 'damaged', { code: 'map-range', arena: 0, lba: 256, block: 4339 + 3 }],
  ['bad-map-dup', 'damaged', { code: 'map-duplicate', arena: 0, block: 2808, lba: 0 }],
  ['bad-map-pending', 'recoverable', { code: 'write-interrupted', arena: 0, lane: 0, lba: 504, block: 1984 }],
  ['bad-pad-old-02', 'clean', { code: 'flog-old-slots', arena: 0 }],
]

test.each(KERNEL)('%s is %s, where ndctl finds it', (name, verdict, finding) => {
  const { report, findings } = check(kernelImage(name).bytes())
  expect(report.verdict).toBe(verdict)
  expect(findings).toContainEqual(expect.objectContaining(finding))
})

test('of a block that two sectors have, both are named', () => {
  const { findings } = check(kernelImage('bad-map-dup').bytes())
  expect(findings.find(({ code }) => code === 'map-duplicate')).toMatchObject({ lbas: [0, 1] })
})

test('every altered image of the kernel is among them', () => {
  const corrupt = kernelImages().filter(({ kind }) => kind === 'corrupt')
  expect(KERNEL.map(([name]) => name).toSorted()).toEqual(corrupt.map(({ name }) => name).toSorted())
})

const base = poolImage('crash-4096').bytes()

function damaged({ patches }: Corruption): Uint8Array {
  const bytes = base.slice()
  applyPatches(bytes, patches)
  return bytes
}

/** The first byte of the pool at which a damage is; what it is about lies there or begins before. */
const placeOf = ({ patches }: Corruption): number => Math.min(...patches.map(({ offset }) => offset))

/** Whether a finding names a lane, as one of several or alone. */
const namesLane = (finding: Finding, lane: number): boolean =>
  finding.severity === 'damaged' &&
  (finding.lane === lane || ('lanes' in finding && (finding.lanes as number[]).includes(lane)))

const namesLba = (finding: Finding, lba: number): boolean =>
  finding.lba === lba || ('lbas' in finding && (finding.lbas as number[]).includes(lba))

/** How we have to say what pmempool says in a line; undefined for lines that name no place. */
function asOurs(line: string): ((finding: Finding) => boolean) | undefined {
  const numbers = [...line.matchAll(/\d+/g)].slice(1).map(Number)
  const [first = -1, second = -1] = numbers
  if (line.includes('invalid BTT Map entry at'))
    return (finding) => finding.code === 'map-range' && finding.lba === first
  if (line.includes('duplicated at'))
    return (finding) =>
      ['map-duplicate', 'map-free'].includes(finding.code) &&
      finding.block === first &&
      namesLba(finding, second)
  if (/BTT Flog entry at/.test(line)) return (finding) => namesLane(finding, first)
  if (line.includes('unmapped block '))
    // It does not believe what a lane says that no write leaves so; to us the lane has the block.
    return ({ code, block }) => ['block-lost', 'flog-not-initial'].includes(code) && block === first
  return undefined
}

describe('damages of a pool that pmempool finds in map and flog', () => {
  const inMapOrFlog = corruptions().filter(({ name, check: { rc } }) => rc !== 0 && !name.startsWith('info-'))
  test.each(inMapOrFlog.map((corruption) => [corruption.name, corruption] as const))(
    '%s: all that it says, at the same places',
    (_name, corruption) => {
      const { report, findings } = check(damaged(corruption), { listLimit: 10_000 })
      expect(report.verdict).toBe('damaged')
      const lines = corruption.check.says.map((line) => ({ line, isSaid: asOurs(line) }))
      const missed = lines.filter(({ isSaid }) => isSaid !== undefined && !findings.some(isSaid))
      expect(missed.map(({ line }) => line)).toEqual([])
    },
  )
})

/** Damages of info blocks and headers, and all that pmempool calls consistent. The places are those of the patches, but for what is named by lane or LBA. */
const OTHERS: [name: string, verdict: Verdict, code: FindingCode | undefined, place?: Partial<Finding>][] = [
  ['info-header-sig', 'damaged', 'primary-info-bad'],
  ['info-header-checksum', 'damaged', 'primary-info-bad'],
  ['info-header-field', 'damaged', 'primary-info-bad', { arena: 0 }],
  ['info-backup-sig', 'damaged', 'backup-info-bad'],
  ['info-both-sig', 'unreadable', 'no-btt'],
  ['info-header-zero', 'damaged', 'primary-info-bad'],
  ['info-both-zero', 'unreadable', 'no-btt'],
  ['info-backup-differs', 'damaged', 'backup-info-bad', { arena: 0 }],
  ['info-nlba-small', 'unreadable', 'no-btt'],
  ['info-nlba-big', 'unreadable', 'no-btt'],
  ['info-internal-nlba-big', 'unreadable', 'no-btt'],
  ['info-nfree-128', 'unreadable', 'no-btt'],
  ['info-nfree-0', 'unreadable', 'no-btt'],
  ['info-error-flag', 'damaged', 'info-error-flag'],
  ['info-unknown-flag', 'damaged', 'info-flags'],
  ['info-major-0', 'damaged', 'info-version'],
  ['info-major-2', 'damaged', 'info-version'],
  ['info-minor-9', 'damaged', 'info-version', { arena: 0 }],
  ['info-unused', 'damaged', 'info-reserved'],
  ['info-parent-uuid', 'damaged', 'parent-uuid'],
  ['info-lbasize', 'unreadable', 'no-btt'],
  ['info-mapoff', 'unreadable', 'no-btt'],
  ['info-infooff', 'unreadable', 'no-btt'],
  ['info-nextoff', 'unreadable', 'no-btt'],
  ['desc-bsize', 'damaged', 'pool-block-size', { offset: 4096 }],
  ['map-flag-error', 'recoverable', 'sector-lost', { lba: 2706 }],
  // What is zeroed reads as zeros: nothing tells that it held something.
  ['map-flag-zero', 'recoverable', undefined],
  ['flog-old-lba-range', 'damaged', 'flog-older-range', { lane: 186 }],
  ['flog-padding', 'damaged', 'flog-padding', { lane: 187 }],
  // A later write of another lane leaves it so, too.
  ['flog-other-lba', 'recoverable', undefined],
  // Content is not checked.
  ['data-byte', 'recoverable', undefined],
]

test.each(OTHERS)('%s is %s', (name, verdict, code, place) => {
  const corruption = corruptions().find((other) => other.name === name)
  if (corruption === undefined) throw new Error(`there is no damage ${name}`)
  const { report, findings } = check(damaged(corruption))
  expect(report.verdict).toBe(verdict)
  if (code === undefined) return
  const where = place ?? (code === 'no-btt' ? {} : { offset: placeOf(corruption) })
  expect(findings).toContainEqual(expect.objectContaining({ code, ...where }))
  if (verdict === 'unreadable') expect(codesAbove(findings)).toContain('primary-info-bad')
})

test('every damage of the pool is in one of the two tables', () => {
  const names = corruptions().map(({ name, check: { rc } }) => ({ name, rc }))
  const listed = OTHERS.map(([name]) => name)
  expect(listed.toSorted()).toEqual(
    names
      .filter(({ name, rc }) => rc === 0 || name.startsWith('info-'))
      .map(({ name }) => name)
      .toSorted(),
  )
})
