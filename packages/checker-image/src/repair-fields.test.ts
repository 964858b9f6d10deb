/** Every field of every structure damaged, and repaired: it ends in order or says why not, and no sector reads what was never in it. */
import { expect, test } from 'vitest'
import { MemoryProvider } from '@bttkit/pmem-memory'
import {
  VALUES,
  flogFields,
  infoFields,
  mapFields,
  withField,
  type Field,
} from './damaged-fields.test-support.ts'
import { INFO_OFFSET, WRITTEN_SECTORS, smallImage } from './image.test-support.ts'
import type { RepairOptions } from './index.ts'
import { Damage, repairBytes, sectorsOf } from './repair.test-support.ts'

const INTERRUPTED = 1
const image = smallImage(4160)
const damage = new Damage(image)
/** Of the sector that the interrupted lane wrote: what it held before. */
const interruptedLba = damage.newer(INTERRUPTED).lba
const before = sectorsOf(new MemoryProvider({ bytes: damage.interrupt(INTERRUPTED).bytes.slice() }))

/** Where nothing tells any more how the blocks lie, or how much of a block is sector: flog and map do not. */
const NOT_TOLD: readonly string[] = ['both internalLbasize', 'both dataoff', 'both externalLbasize']

/** Whether a sector holds what it held, or nothing; the interrupted one may hold what it held in the round before. */
function isOwn(lba: number, sector: number | 'lost' | 'torn'): boolean {
  if (sector === before[lba] || sector === 'lost') return true
  return lba === interruptedLba && sector === 100 + lba
}

function tryRepair(bytes: Uint8Array, options: RepairOptions, name: string): string | undefined {
  const plan = repairBytes(bytes, options)
  if (plan.after !== 'clean') {
    const isTold = plan.withheld.length > 0 && NOT_TOLD.some((field) => name.startsWith(field))
    return isTold ? undefined : `${plan.before} -> ${plan.after}: ${plan.withheld[0]?.message}`
  }
  const sectors = sectorsOf(new MemoryProvider({ bytes }))
  const foreign = sectors.findIndex((sector, lba) => lba < WRITTEN_SECTORS && !isOwn(lba, sector))
  return foreign === -1 ? undefined : `LBA ${foreign} reads ${sectors[foreign]}`
}

function wrongRepairs(fields: readonly Field[], values: readonly (keyof typeof VALUES)[]): string[] {
  const wrong: string[] = []
  for (const field of fields) {
    for (const value of values) {
      withField(image, field, value, () => {
        const options = { duplicates: 'error', resetUnknown: true, rebuild: true } as const
        const problem = tryRepair(image.slice(), options, field.name)
        if (problem !== undefined) wrong.push(`${field.name} = ${value}: ${problem}`)
      })
    }
  }
  return wrong
}

test('info blocks', () => {
  const fields = infoFields(INFO_OFFSET, damage.info).filter(({ name }) => !name.endsWith('without checksum'))
  expect(wrongRepairs(fields, ['random', 'lowest bit'])).toEqual([])
}, 60_000)

test('map', () => {
  const premaps = { written: 7, zeroed: 3, initial: 100 }
  const values = Object.keys(VALUES) as (keyof typeof VALUES)[]
  expect(wrongRepairs(mapFields(INFO_OFFSET, damage.info, premaps), values)).toEqual([])
}, 60_000)

test('flog', () => {
  const lanes = [0, INTERRUPTED, 3].flatMap((lane) =>
    flogFields(INFO_OFFSET, damage.info, lane, ['first', 'second', 'third', 'fourth']),
  )
  expect(wrongRepairs(lanes, ['0', 'max', 'lowest bit'])).toEqual([])
}, 60_000)
