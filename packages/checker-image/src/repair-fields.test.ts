/** Every field of every structure damaged, and repaired: it ends as the table says, in order or with the reason why not, and no sector reads what was never in it. */
import { expect, test } from 'vitest'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAtomic } from '@bttkit/sleepable'
import { FIRST_VALUES, withField, type Field, type ValueName } from './damaged-fields.test-support.ts'
import { ARENAS, SIZES, subjectOf } from './damaged-subjects.test-support.ts'
import { WRITTEN_SECTORS } from './image.test-support.ts'
import { planRepair, type PlannedStore, type RepairOptions, type RepairPlan } from './index.ts'
import { sectorsOf } from './repair.test-support.ts'
import { verdictTable, type Outcome } from './verdict-table.test-support.ts'

const POLICY: RepairOptions = { duplicates: 'error', resetUnknown: true, rebuild: true }

/** Stores, calls `body`, and puts back what was there. */
function whileStored(image: Uint8Array, stores: readonly PlannedStore[], body: () => void): void {
  const old = stores.map(({ offset, bytes }) => {
    const before = image.slice(offset, offset + bytes.length)
    image.set(bytes, offset)
    return { offset, before }
  })
  body()
  for (const { offset, before } of old.toReversed()) image.set(before, offset)
}

function describePlan({ before, after, withheld, steps }: RepairPlan): string {
  const reasons = new Set(withheld.map(({ code }) => code))
  const done = new Set(steps.map(({ code, repair }) => (code === 'write-interrupted' ? undefined : repair)))
  const what = [...done].filter((repair) => repair !== undefined).join(' ')
  const left = reasons.size === 0 ? '' : `; not ${[...reasons].join(' ')}`
  return `${before} -> ${after}: ${what === '' ? 'nothing' : what}${left}`
}

/** Small sectors have long maps, so a few values have to do for them. */
function valuesFor({ name, checksumsOf }: Field, size: number): readonly ValueName[] {
  // Without its checksum a copy of the info block cannot be used, whatever is in it.
  if (name.endsWith('without checksum')) return []
  if (size >= 4096) return FIRST_VALUES
  return checksumsOf === undefined ? ['random', 'lowest bit'] : ['random']
}

const outcomes: Outcome[] = []

test.each(SIZES.flatMap((size) => ARENAS.map((arena) => [size, arena] as const)))(
  'sectors of %d bytes, arena %d: no sector reads what was never in it',
  (size, arena) => {
    const { image, fields, name, interruptedLba } = subjectOf(size, arena)
    const before = sectorsOf(new MemoryProvider({ bytes: image.slice() }))
    /** Whether a sector holds what it held, or nothing; the interrupted one may hold what it held in the round before. */
    const isOwn = (lba: number, sector: unknown): boolean =>
      sector === before[lba] || sector === 'lost' || (lba === interruptedLba && sector === 100 + lba)
    const foreign: string[] = []
    for (const field of fields) {
      for (const value of valuesFor(field, size)) {
        withField(image, field, value, () => {
          const plan = runAtomic(planRepair(new MemoryProvider({ bytes: image }), POLICY))
          outcomes.push({ subject: name, field: field.name, value, says: describePlan(plan) })
          expect(plan.withheld.length === 0).toBe(plan.after === 'clean')
          if (plan.after !== 'clean') return
          whileStored(image, plan.stages.flat(), () => {
            const sectors = sectorsOf(new MemoryProvider({ bytes: image }))
            const lba = sectors.findIndex((sector, i) => i < WRITTEN_SECTORS && !isOwn(i, sector))
            if (lba !== -1) foreign.push(`${field.name} = ${value}: LBA ${lba} reads ${sectors[lba]}`)
          })
        })
      }
    }
    expect(foreign).toEqual([])
  },
  120_000,
)

test('each ends as the table says', async () => {
  const title =
    'What a repair with all options makes of a damaged field, from which verdict to which; what it does besides completing interrupted writes; and what it does not.'
  await expect(verdictTable(title, outcomes)).toMatchFileSnapshot('repair-fields.verdicts.txt')
})
