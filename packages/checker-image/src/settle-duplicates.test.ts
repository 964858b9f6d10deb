/** Whose a block is that several have: one damaged entry may be either of two, so nothing is decided that the flog does not tell. */
import { expect, test } from 'vitest'
import { normalEntry, stripFlags, zeroEntry } from '@bttkit/btt-format'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { INFO_OFFSET, WRITTEN_SECTORS, check, smallImage } from './image.test-support.ts'
import type { DuplicatePolicy } from './index.ts'
import { Damage, repairBytes, sectorsOf } from './repair.test-support.ts'

const pristine = smallImage(4160)
/** A sector that was written, two that were zeroed and never written, and one whose last write the flog still has. */
const [WRITTEN, ZEROED, NEVER, LATEST] = [20, 3, 100, WRITTEN_SECTORS - 1]
const FREE = stripFlags(new Damage(pristine.slice()).newer(0).oldMap)

/** The sector that has the block with the number of another one that was written. */
function takerOf(premap: number): number {
  const damage = new Damage(pristine.slice())
  return (
    Array.from({ length: WRITTEN_SECTORS }, (_, lba) => lba).find((lba) => damage.block(lba) === premap) ?? -1
  )
}

const TAKEN =
  Array.from({ length: WRITTEN_SECTORS }, (_, lba) => lba).find((lba) => takerOf(lba) !== -1) ?? -1

const UNDECIDED: Readonly<Record<string, (damage: Damage) => unknown>> = {
  'the entry of a sector names the block of one that was zeroed': (damage) => damage.share(WRITTEN, ZEROED),
  'the entry of a zeroed sector names the block of another': (damage) => damage.shareZeroed(ZEROED, WRITTEN),
  'the entry of a sector names the block of one that was never written': (damage) =>
    damage.setEntry(WRITTEN, normalEntry(NEVER)),
  'the entry of a sector is zero, and another has the block of its number': (damage) =>
    damage.setEntry(TAKEN, 0),
  'two sectors have one block': (damage) => damage.share(WRITTEN, WRITTEN + 1),
  'a sector has the free block of a lane': (damage) => damage.setEntry(WRITTEN, normalEntry(FREE)),
  'a lane has the block of its number free, and a sector counts as never written': (damage) =>
    damage.setFlogWord(0, damage.newer(0).at === damage.groupAt(0) ? 1 : 5, NEVER),
}

function damaged(damageIt: (damage: Damage) => unknown): Uint8Array {
  const bytes = pristine.slice()
  damageIt(new Damage(bytes))
  return bytes
}

const before = sectorsOf(new MemoryProvider({ bytes: pristine.slice() }))

test.each(Object.entries(UNDECIDED))('%s: nobody decides it without being asked to', (_what, damageIt) => {
  const bytes = damaged(damageIt)
  const entries = bytes.slice(new Damage(bytes).entryAt(0), new Damage(bytes).entryAt(200))
  const plan = repairBytes(bytes)
  expect(plan.withheld.map(({ message }) => message)).toEqual([expect.stringContaining('--duplicates')])
  expect(plan.after).toBe('damaged')
  expect(bytes.subarray(new Damage(bytes).entryAt(0), new Damage(bytes).entryAt(200))).toEqual(entries)
})

test.each(Object.entries(UNDECIDED))(
  '%s: with "error" no sector reads what was never in it',
  (_what, damageIt) => {
    const bytes = damaged(damageIt)
    expect(repairBytes(bytes, { duplicates: 'error' }).after).toBe('clean')
    for (const [lba, sector] of sectorsOf(new MemoryProvider({ bytes })).entries())
      expect([before[lba], 'lost']).toContain(sector)
  },
)

test.each(['first', 'both-readable'] satisfies DuplicatePolicy[])(
  'with "%s" a sector reads what its block has',
  (duplicates) => {
    const bytes = damaged((damage) => damage.share(WRITTEN, ZEROED))
    expect(repairBytes(bytes, { duplicates }).after).toBe('clean')
    const sectors = sectorsOf(new MemoryProvider({ bytes }))
    // What the zeroed one held before.
    expect(sectors[WRITTEN]).toBe(200 + ZEROED)
    expect(sectors[ZEROED]).toBe(0)
  },
)

test.each([
  ['another sector', (damage: Damage) => damage.share(WRITTEN, LATEST), WRITTEN, 'lost'],
  ['a zeroed sector', (damage: Damage) => damage.shareZeroed(ZEROED, LATEST), ZEROED, 0],
])('the flog tells whose a block is that %s has, too', (_what, damageIt, lba, reads) => {
  const bytes = damaged(damageIt)
  const plan = repairBytes(bytes)
  expect(plan).toMatchObject({ after: 'clean', withheld: [] })
  const sectors = sectorsOf(new MemoryProvider({ bytes }))
  expect(sectors[LATEST]).toBe(before[LATEST])
  expect(sectors[lba]).toBe(reads)
})

test('the subjects are what they are called', () => {
  const { view } = new Damage(pristine)
  expect(view.getUint32(new Damage(pristine).entryAt(ZEROED), true)).toBe(
    zeroEntry(new Damage(pristine).block(ZEROED)),
  )
  expect(view.getUint32(new Damage(pristine).entryAt(NEVER), true)).toBe(0)
  expect(TAKEN).toBeGreaterThanOrEqual(0)
  expect(check(pristine).report).toMatchObject({ verdict: 'clean', namespaceOffset: INFO_OFFSET })
})
