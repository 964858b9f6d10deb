/**
 * Every field of every structure set to 0, 1, the largest number, a random one, and with a bit flipped: each change is found, but for those of which the table
 * below says why they do no harm. That they do none is tried: the image is attached, its sectors are compared, and each block is still somebody's.
 */
import { expect, test } from 'vitest'
import { inspect } from '@bttkit/btt'
import {
  FLOG_GROUP_BYTES,
  FLOG_SLOT_BYTES,
  MAP_ENTRY_BYTES,
  decodeFlogEntry,
  newerOf,
  normalEntry,
  type FlogEntry,
  type InfoBlock,
} from '@bttkit/btt-format'
import { checkBijection, isBijection } from '@bttkit/checker-lanes'
import { isBttkitError } from '@bttkit/interfaces'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAtomic } from '@bttkit/sleepable'
import {
  VALUES,
  flogFields,
  infoFields,
  mapFields,
  withField,
  type Field,
} from './damaged-fields.test-support.ts'
import {
  ARENA_BYTES,
  INFO_OFFSET,
  WRITTEN_SECTORS,
  check,
  engine,
  infoOf,
  twoArenas,
} from './image.test-support.ts'

/** The lane that was interrupted before its map entry, one that was not, and one that was never used. */
const [IDLE, INTERRUPTED, FRESH] = [0, 1, 3]

const SMALL = ['0', '1', 'lowest bit']
const FLAG = ['highest bit']

const OLDER = 'nothing reads the older slot'
const OTHER_SECTOR = 'as if another lane had written that sector since: nothing follows from it'
const OTHER_BLOCK = 'the map names the block; nothing reads it here'
const MAP_FLAG = 'libpmemblk has map flags here, and they are not looked at'
const NEVER_USED = 'the newer slot has sequence number 1, and beside it the older one may be unused'
const OWN_NUMBER = 'a lane that never wrote has its own number here, which nothing reads'

/** Field, values, and why the change does no harm. */
const HARMLESS: readonly (readonly [field: string, values: readonly string[], why: string])[] = [
  ['idle newer lba', SMALL, OTHER_SECTOR],
  ['idle newer oldMap', FLAG, MAP_FLAG],
  ['idle newer newMap', SMALL, OTHER_BLOCK],
  ['idle newer newMap', FLAG, MAP_FLAG],
  ['idle older lba', SMALL, OLDER],
  ['idle older oldMap', [...SMALL, ...FLAG], OLDER],
  ['idle older newMap', [...SMALL, ...FLAG], OLDER],
  ['idle older seq', ['0'], NEVER_USED],
  ['interrupted newer oldMap', FLAG, MAP_FLAG],
  ['interrupted newer newMap', FLAG, MAP_FLAG],
  ['interrupted older lba', SMALL, OLDER],
  ['interrupted older oldMap', [...SMALL, ...FLAG], OLDER],
  ['interrupted older newMap', [...SMALL, ...FLAG], OLDER],
  ['interrupted older seq', ['0'], NEVER_USED],
  ['fresh newer lba', SMALL, OWN_NUMBER],
  ['fresh newer oldMap', FLAG, MAP_FLAG],
  ['fresh newer newMap', [...SMALL, ...FLAG], OTHER_BLOCK],
  ['fresh older lba', ['1', 'lowest bit'], OLDER],
  ['fresh older oldMap', ['1', 'lowest bit', 'highest bit'], OLDER],
  ['fresh older newMap', ['1', 'lowest bit', 'highest bit'], OLDER],
]

/** Changes that make one legal image of another, and why nobody can tell. Its sectors read otherwise. */
const LEGAL: typeof HARMLESS = [
  ['written entry', FLAG, 'a sector may be lost, and reading it fails'],
  ['interrupted older seq', ['lowest bit'], 'as if the interrupted write had not come to its second half'],
]

/** The newest entry of a lane, and which of the first two slots it is in. */
function newest(image: Uint8Array, offset: number, info: InfoBlock, lane: number): [FlogEntry, 0 | 1] {
  const view = new DataView(image.buffer)
  const group = offset + info.logoff + lane * FLOG_GROUP_BYTES
  const entries = [decodeFlogEntry(view, group), decodeFlogEntry(view, group + FLOG_SLOT_BYTES)] as const
  const which = newerOf(entries[0].seq, entries[1].seq) ?? 0
  return [entries[which], which]
}

/** Takes the newest write of a lane out of the map again, as if its map entry had not been stored. */
function interrupt(image: Uint8Array, offset: number, info: InfoBlock, lane: number): void {
  const [{ lba, oldMap }] = newest(image, offset, info, lane)
  new DataView(image.buffer).setUint32(
    offset + info.mapoff + lba * MAP_ENTRY_BYTES,
    normalEntry(oldMap),
    true,
  )
}

interface Subject {
  readonly image: Uint8Array
  readonly fields: readonly Field[]
}

/** An image with an interrupted write in each arena, and the fields of one arena. */
function subjectOf(externalLbasize: number, arena: number): Subject {
  const image = twoArenas(externalLbasize)
  for (const offset of [INFO_OFFSET, INFO_OFFSET + ARENA_BYTES])
    interrupt(image, offset, infoOf(image, offset), INTERRUPTED)
  const offset = INFO_OFFSET + arena * ARENA_BYTES
  const info = infoOf(image, offset)
  const lanes = [
    [IDLE, 'idle'],
    [INTERRUPTED, 'interrupted'],
    [FRESH, 'fresh'],
  ] as const
  const fields = [
    ...infoFields(offset, info),
    ...mapFields(offset, info, { 'written entry': 7, 'zeroed entry': 3, 'initial entry': 100 }),
    ...lanes.flatMap(([lane, name]) => {
      const [, which] = newest(image, offset, info, lane)
      const slots = [...(which === 0 ? ['newer', 'older'] : ['older', 'newer']), 'third', 'fourth']
      return flogFields(
        offset,
        info,
        lane,
        slots.map((slot) => `${name} ${slot}`),
      )
    }),
  ]
  return { image, fields }
}

/** What attaching for writing leaves, and the sectors that were written and one that was not, `lost` for those that cannot be read. */
function attachAndRead(bytes: Uint8Array): readonly string[] {
  const provider = new MemoryProvider({ bytes: bytes.slice() })
  const device = runAtomic(engine.attach(provider))
  const sector = new Uint8Array(device.sectorSize)
  const sectors: string[] = []
  for (let lba = 0; lba <= WRITTEN_SECTORS; lba++) {
    try {
      runAtomic(device.sleepable.read(lba, sector))
      sectors.push(`${sector[0]} ${sector.every((byte) => byte === sector[0])}`)
    } catch (error) {
      if (!isBttkitError(error) || error.code !== 'BTT_SECTOR_ERROR') throw error
      sectors.push('lost')
    }
  }
  expect(isBijection(runAtomic(checkBijection(provider, runAtomic(inspect(provider)).info)))).toBe(true)
  return sectors
}

const isListed = (table: typeof HARMLESS, field: string, value: string): boolean =>
  table.some(([name, values]) => name === field && values.includes(value))

test.each([
  [512, 1],
  [4160, 0],
  [4160, 1],
])(
  'sectors of %d bytes, arena %d: each change of a field is found',
  (externalLbasize, arena) => {
    const { image, fields } = subjectOf(externalLbasize, arena)
    const intact = attachAndRead(image)
    const missed: string[] = []
    const needlessly: string[] = []
    const tried = new Set<string>()
    for (const field of fields) {
      for (const value of Object.keys(VALUES) as (keyof typeof VALUES)[]) {
        withField(image, field, value, () => {
          const { verdict } = check(image, { listLimit: 10 }).report
          const isFound = verdict === 'damaged' || verdict === 'unreadable'
          const isHarmless = isListed(HARMLESS, field.name, value)
          const isRight = isFound !== (isHarmless || isListed(LEGAL, field.name, value))
          if (!isRight) (isFound ? needlessly : missed).push(`${field.name} = ${value}: ${verdict}`)
          // One value of each field tells.
          if (!isHarmless || tried.has(field.name)) return
          tried.add(field.name)
          expect(attachAndRead(image)).toEqual(intact)
        })
      }
    }
    expect({ missed, needlessly }).toEqual({ missed: [], needlessly: [] })
    expect(check(image).report.verdict).toBe('recoverable')
  },
  120_000,
)
