/**
 * Every field of every structure set to 0, 1, the largest number, a random one, and with a bit flipped: each change is found, but for those of which the table
 * below says why they do no harm. That they do none is tried: the image is attached, its sectors are compared, and each block is still somebody's.
 */
import { expect, test } from 'vitest'
import { inspect } from '@bttkit/btt'
import { checkBijection, isBijection } from '@bttkit/checker-lanes'
import { isBttkitError } from '@bttkit/interfaces'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAtomic } from '@bttkit/sleepable'
import {
  FIRST_VALUES,
  VALUE_NAMES,
  withField,
  type Field,
  type ValueName,
} from './damaged-fields.test-support.ts'
import { ARENAS, SIZES, subjectOf } from './damaged-subjects.test-support.ts'
import { WRITTEN_SECTORS, check, engine } from './image.test-support.ts'
import { verdictTable, type Outcome } from './verdict-table.test-support.ts'

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

/** A copy of which the checksum is wrong is wrong whatever is in it. Small sectors have long maps, so a flip of one bit has to do for them. */
function valuesFor({ name }: Field, size: number): readonly ValueName[] {
  if (name.endsWith('without checksum')) return ['lowest bit']
  return size < 4096 ? FIRST_VALUES : VALUE_NAMES
}

const subjects = SIZES.flatMap((size) => ARENAS.map((arena) => subjectOf(size, arena)))
const outcomes: Outcome[] = []

test.each(subjects.map((subject) => [subject.name, subject] as const))(
  'sector size/arena %s: each change of a field is found',
  (name, { image, fields, externalLbasize: size }) => {
    const intact = attachAndRead(image)
    const wrong: string[] = []
    const tried = new Set<string>()
    for (const field of fields) {
      for (const value of valuesFor(field, size)) {
        withField(image, field, value, () => {
          const { report, findings } = check(image, { listLimit: 10 })
          const codes = findings.filter(({ severity }) => severity !== 'info').map(({ code }) => code)
          const says = [report.verdict, ...new Set(codes)].join(' ')
          outcomes.push({ subject: name, field: field.name, value, says })
          const isFound = report.verdict === 'damaged' || report.verdict === 'unreadable'
          const isHarmless = isListed(HARMLESS, field.name, value)
          if (isFound === (isHarmless || isListed(LEGAL, field.name, value)))
            wrong.push(`${field.name} = ${value}: ${report.verdict}`)
          // One value of each field tells.
          if (!isHarmless || tried.has(field.name)) return
          tried.add(field.name)
          expect(attachAndRead(image)).toEqual(intact)
        })
      }
    }
    expect(wrong).toEqual([])
    expect(check(image).report.verdict).toBe('recoverable')
  },
  120_000,
)

test('each is found as what the table says', async () => {
  const title = 'What a check says of a damaged field: the verdict, and the codes of what is worse than info.'
  await expect(verdictTable(title, outcomes)).toMatchFileSnapshot('damaged-fields.verdicts.txt')
})
