/** Salvaging from what Linux and libpmemblk wrote and somebody damaged: no sector is another's, and every content is somewhere. */
import { expect, test } from 'vitest'
import {
  applyPatches,
  corruptions,
  finalGeneration,
  kernelImages,
  kernelPattern,
  poolImage,
  poolImages,
  type KernelImage,
} from '@bttkit/fixtures'
import { MAP_ENTRY_BYTES, mapBlock, mapState } from '@bttkit/btt-format'
import type { Certainty } from './index.ts'
import { faultsOf, salvageBytes, sectorsOf, type Sector } from './salvage.test-support.ts'

/** Of sectors with which nothing is wrong. */
const IN_ORDER: ReadonlySet<Certainty> = new Set(['certain', 'never-written', 'zeroed'])
const NONE = { foreign: [], hidden: [] }

const sound = [...kernelImages(), ...poolImages()].filter(
  ({ kind }) => kind !== 'corrupt' && kind !== 'no-layout',
)

test.each(sound.map((image) => [image.name, image] as const))(
  '%s, which is in order: every sector is as an attach reads it',
  (_name, image) => {
    const salvaged = salvageBytes(image.bytes())
    const base = sectorsOf(image.bytes())
    expect(faultsOf(salvaged, [base])).toEqual(NONE)
    const odd = [...salvaged.sink.standings()].filter(([lba, { certainty }]) =>
      base[lba] === 'lost' ? certainty !== 'marked-lost' : !IN_ORDER.has(certainty),
    )
    expect(odd).toEqual([])
    const [only] = salvaged.sink.arenas
    expect(salvaged.sink.arenas).toEqual([only])
    expect(only).toMatchObject({ source: 'primary', fit: { damages: 0 } })
  },
)

/** What the sectors held before the damage. */
function baseOf({ manifest: { pattern, logical } }: KernelImage): Sector[] {
  const { sectors = 4083, sectorSize = 4096 } = logical ?? {}
  return Array.from({ length: sectors }, (_, lba) =>
    kernelPattern(lba, finalGeneration(pattern, lba), sectorSize),
  )
}

const altered = kernelImages().filter(({ kind }) => kind === 'corrupt')

test.each(altered.map((image) => [image.name, image] as const))('%s', (_name, image) => {
  expect(faultsOf(salvageBytes(image.bytes()), [baseOf(image)])).toEqual(NONE)
})

const base = poolImage('crash-4096')
const pristine = base.bytes()
const [arena] = base.manifest.arenas ?? []
const mapStart = (arena?.offset ?? 0) + (arena?.mapoff ?? 0)

/** What sectors held before writes that were interrupted: a damaged flog does not complete them. */
function beforeInterruption(): Sector[] {
  const view = new DataView(pristine.buffer)
  const sectors = sectorsOf(pristine.slice())
  for (const { lba, from } of base.manifest.recovery?.map_entries_to_change ?? []) {
    const state = mapState(Number(from.raw))
    const block = mapBlock(view.getUint32(mapStart + lba * MAP_ENTRY_BYTES, true), lba)
    const at = (arena?.offset ?? 0) + (arena?.dataoff ?? 0) + block * (arena?.internal_lbasize ?? 0)
    if (state === 'error') sectors[lba] = 'lost'
    else sectors[lba] = state === 'normal' ? pristine.slice(at, at + 4096) : new Uint8Array(4096)
  }
  return sectors
}

const bases = [sectorsOf(pristine.slice()), beforeInterruption()]

test.each(corruptions().map((corruption) => [corruption.name, corruption] as const))(
  'the pool with %s',
  (name, { patches }) => {
    const bytes = pristine.slice()
    applyPatches(bytes, patches)
    const faults = faultsOf(salvageBytes(bytes), bases)
    // Sectors have no checksums: one byte of one sector is another.
    if (name === 'data-byte') expect(faults.foreign).toHaveLength(1)
    else expect(faults).toEqual(NONE)
  },
)
