/** Repairing what Linux and libpmemblk wrote and somebody damaged: it ends in order, and no sector reads what was never in it. */
import { expect, test } from 'vitest'
import {
  applyPatches,
  corruptions,
  finalGeneration,
  kernelImage,
  kernelImages,
  kernelPattern,
  poolImage,
  poolImages,
  type KernelImage,
} from '@bttkit/fixtures'
import { MAP_ENTRY_BYTES, mapBlock, mapState } from '@bttkit/btt-format'
import { isBttkitError, type BttDevice } from '@bttkit/interfaces'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAtomic } from '@bttkit/sleepable'
import { check, engine } from './image.test-support.ts'
import type { RepairOptions, RepairPlan } from './index.ts'
import { pmemblkComplaints } from './libpmemblk.test-support.ts'
import { repairBytes } from './repair.test-support.ts'

type Sector = Uint8Array | 'lost'

function readSector(device: BttDevice, lba: number): Sector {
  const sector = new Uint8Array(device.sectorSize)
  try {
    runAtomic(device.sleepable.read(lba, sector))
  } catch (error) {
    if (!isBttkitError(error) || error.code !== 'BTT_SECTOR_ERROR') throw error
    return 'lost'
  }
  return sector
}

/** Attaches for writing, which recovers. */
function sectorsOf(bytes: Uint8Array): Sector[] {
  const device = runAtomic(engine.attach(new MemoryProvider({ bytes })))
  return Array.from({ length: device.sectorCount }, (_, lba) => readSector(device, lba))
}

const isSame = (one: Sector, other: Sector): boolean =>
  one === 'lost' || other === 'lost' ? one === other : Buffer.compare(one, other) === 0

interface Comparison {
  /** Sectors that can no longer be read. */
  readonly lost: readonly number[]
  /** Sectors that read what they never held. */
  readonly foreign: readonly number[]
}

/** @param bases what sectors may hold: images as they were before the damage */
function compare(bytes: Uint8Array, bases: readonly Sector[][]): Comparison {
  const [lost, foreign]: [number[], number[]] = [[], []]
  for (const [lba, sector] of sectorsOf(bytes).entries()) {
    if (bases.some((base) => isSame(sector, base[lba] ?? 'lost'))) continue
    if (sector === 'lost') lost.push(lba)
    else foreign.push(lba)
  }
  return { lost, foreign }
}

/** That a repair ends in order, stays so when it is attached, and that there is nothing left to repair. */
function expectRepaired(bytes: Uint8Array, options: RepairOptions, bases: readonly Sector[][]): Comparison {
  expect(repairBytes(bytes, options).after).toBe('clean')
  const repaired = bytes.slice()
  const comparison = compare(bytes, bases)
  // Nothing was left for the attach to complete, and nothing for another repair.
  expect(Buffer.compare(bytes, repaired)).toBe(0)
  expect(repairBytes(bytes, options)).toMatchObject({ steps: [], stages: [], before: 'clean' })
  return comparison
}

const sound = [...kernelImages(), ...poolImages()].filter(
  ({ kind }) => kind === 'clean' || kind === 'no-layout',
)

test.each(sound.map((image) => [image.name, image] as const))(
  '%s, which is in order, stays as it is',
  (_name, image) => {
    const bytes = image.bytes()
    expect(repairBytes(bytes, { duplicates: 'error', rebuild: true, resetUnknown: true }).stages).toEqual([])
    expect(Buffer.compare(bytes, image.bytes())).toBe(0)
  },
)

/** Of the altered images, of which some cannot tell. */
const SECTORS = 4083

const KERNEL: [name: string, options: RepairOptions, lost: readonly number[]][] = [
  ['bad-flog-same-seq', {}, []],
  ['bad-info-both-zero', { rebuild: true }, []],
  ['bad-info1-zero', {}, []],
  ['bad-map-oob', {}, [256]],
  ['bad-map-dup', { duplicates: 'error' }, [0, 1]],
  ['bad-map-dup', { duplicates: 'first' }, [1]],
  ['bad-map-pending', {}, []],
  ['bad-pad-old-02', { rewriteLog: true }, []],
]

/** What the sectors held before the damage. */
function baseOf({ manifest: { pattern, logical } }: KernelImage): Sector[] {
  const { sectors = SECTORS, sectorSize = 4096 } = logical ?? {}
  return Array.from({ length: sectors }, (_, lba) =>
    kernelPattern(lba, finalGeneration(pattern, lba), sectorSize),
  )
}

test.each(KERNEL)('%s is repaired (%o)', (name, options, lost) => {
  const image = kernelImage(name)
  expect(expectRepaired(image.bytes(), options, [baseOf(image)])).toEqual({ lost, foreign: [] })
})

test('every altered image of the kernel is among them', () => {
  const corrupt = kernelImages().filter(({ kind }) => kind === 'corrupt')
  expect(new Set(KERNEL.map(([name]) => name))).toEqual(new Set(corrupt.map(({ name }) => name)))
})

test('an image that a crash left is completed as an attach completes it', () => {
  const attached = kernelImage('crash-512').bytes()
  sectorsOf(attached)
  const repaired = kernelImage('crash-512').bytes()
  repairBytes(repaired)
  expect(Buffer.compare(repaired, attached)).toBe(0)
})

test('copies for all who share a block: each sector reads as before', () => {
  const bytes = kernelImage('bad-map-dup').bytes()
  const before = sectorsOf(bytes.slice())
  expect(expectRepaired(bytes, { duplicates: 'both-readable' }, [before])).toEqual({ lost: [], foreign: [] })
})

test('after the log is rewritten it is in the slots of today, and says the same', () => {
  const bytes = kernelImage('bad-pad-old-02').bytes()
  repairBytes(bytes, { rewriteLog: true })
  expect(check(bytes).report.findingsByCode).toEqual({})
})

const base = poolImage('crash-4096')
const pristine = base.bytes()

const [arena] = base.manifest.arenas ?? []
const mapStart = (arena?.offset ?? 0) + (arena?.mapoff ?? 0)
const sectorCount = arena?.external_nlba ?? 0

/** The block of a sector, by the map as it is stored. */
function blockOf(bytes: Uint8Array, lba: number): number {
  const entry = new DataView(bytes.buffer).getUint32(mapStart + lba * MAP_ENTRY_BYTES, true)
  return mapBlock(entry, lba)
}

/** What sectors held before writes that were interrupted: a damaged flog does not complete them. */
function beforeInterruption(): Sector[] {
  const bytes = pristine
  const recovered = sectorsOf(pristine.slice())
  for (const { lba, from } of base.manifest.recovery?.map_entries_to_change ?? []) {
    const state = mapState(Number(from.raw))
    const at =
      (arena?.offset ?? 0) + (arena?.dataoff ?? 0) + blockOf(bytes, lba) * (arena?.internal_lbasize ?? 0)
    if (state === 'error') recovered[lba] = 'lost'
    else recovered[lba] = state === 'normal' ? bytes.slice(at, at + 4096) : new Uint8Array(4096)
  }
  return recovered
}

/** Sectors whose map entries a damage has changed, and those that had the blocks that are there now. */
function concernedBy(damaged: Uint8Array): Set<number> {
  const bytes = pristine
  const changed = Array.from({ length: sectorCount }, (_, lba) => lba).filter((lba) => {
    const at = mapStart + lba * MAP_ENTRY_BYTES
    return Buffer.compare(bytes.subarray(at, at + 4), damaged.subarray(at, at + 4)) !== 0
  })
  const taken = new Set(changed.map((lba) => blockOf(damaged, lba)))
  const concerned = new Set(changed)
  for (const map of [bytes, damaged])
    for (let lba = 0; lba < sectorCount; lba++) if (taken.has(blockOf(map, lba))) concerned.add(lba)
  return concerned
}

/** The block is a sector's there, and the flog is wrong; nobody can tell it from the other way round. */
const FLOG_IS_WRONG = 'flog-old-mapped'
const POLICY: RepairOptions = { duplicates: 'error', rebuild: true, resetUnknown: true }
const bases = [sectorsOf(pristine.slice()), beforeInterruption()]
/** Damages that make one legal state of another: nobody can tell. All other sectors are what they were. */
const UNKNOWABLE: Readonly<Record<string, string>> = {
  'map-flag-zero': 'a sector may be zeroed',
  'map-page-zero': 'a sector may have never been written, where its own block is nobody else’s',
  'data-byte': 'sectors have no checksums',
}

test.each(corruptions().map((corruption) => [corruption.name, corruption] as const))(
  'the pool with %s is repaired, and libpmemblk agrees where it is installed',
  (name, { patches }) => {
    const bytes = pristine.slice()
    applyPatches(bytes, patches)
    const concerned = concernedBy(bytes)
    const { foreign, lost } = expectRepaired(
      bytes,
      name === FLOG_IS_WRONG ? { duplicates: 'first' } : POLICY,
      bases,
    )
    expect(pmemblkComplaints(bytes, sectorsOf(bytes))).toEqual([])
    expect(lost.filter((lba) => !concerned.has(lba))).toEqual([])
    if (UNKNOWABLE[name] === undefined) expect(foreign).toEqual([])
    else if (name !== 'data-byte') expect(foreign.filter((lba) => !concerned.has(lba))).toEqual([])
  },
)

/** What is not done unless somebody says so. */
const WITHHELD: [name: string, code: RepairPlan['withheld'][number]['code'], option: string][] = [
  ['map-duplicate', 'map-duplicate', '--duplicates'],
  ['map-many', 'map-duplicate', '--duplicates'],
  ['map-free-block', 'map-free', '--duplicates'],
  ['flog-old-mapped', 'map-free', '--duplicates'],
  ['info-unknown-flag', 'info-flags', '--reset-unknown'],
  ['info-major-0', 'info-version', '--reset-unknown'],
  ['info-minor-9', 'info-version', '--reset-unknown'],
  ['info-both-zero', 'no-btt', '--rebuild'],
  ['info-both-sig', 'no-btt', '--rebuild'],
]

test.each(WITHHELD)('%s: nothing is guessed; %s waits for %s', (name, code, option) => {
  const bytes = pristine.slice()
  applyPatches(bytes, corruptions().find((corruption) => corruption.name === name)?.patches ?? [])
  const plan = repairBytes(bytes)
  expect(plan.withheld).toEqual([expect.objectContaining({ code, message: expect.stringContaining(option) })])
  expect(['damaged', 'unreadable']).toContain(check(bytes).report.verdict)
})

test('an image of which the version or a flag is not known is not touched at all', () => {
  const bytes = pristine.slice()
  for (const name of ['info-unknown-flag', 'info-backup-sig', 'flog-seq-equal'])
    applyPatches(bytes, corruptions().find((corruption) => corruption.name === name)?.patches ?? [])
  const before = bytes.slice()
  repairBytes(bytes, { duplicates: 'error' })
  // The primary info block is right; the backup is not.
  expect(Buffer.compare(bytes, before)).toBe(0)
})
