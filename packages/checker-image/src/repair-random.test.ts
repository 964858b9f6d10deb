/** Several damages at once, at random: with a policy for everything a repair ends in order, and its blocks are one each by code that knows nothing of the checker. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { inspect } from '@bttkit/btt'
import { errorEntry, normalEntry, zeroEntry } from '@bttkit/btt-format'
import { checkBijection, isBijection } from '@bttkit/checker-lanes'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAtomic } from '@bttkit/sleepable'
import { smallImage } from './image.test-support.ts'
import { Damage, repair, sectorsOf } from './repair.test-support.ts'

const pristine = smallImage(4160)
const { internalNlba, nfree } = new Damage(pristine).info

/** Few blocks, so that they meet, and some that there are not. */
const block = fc.oneof(fc.nat(50), fc.integer({ min: internalNlba - 6, max: internalNlba + 2 }))
const word = fc.oneof(
  { weight: 3, arbitrary: block },
  { weight: 1, arbitrary: fc.constantFrom(0, 1, 2, 3, 4, 0xffff_ffff) },
)
const inMap = fc
  .record({
    premap: fc.nat(45),
    entry: fc.oneof(block.map(normalEntry), block.map(zeroEntry), block.map(errorEntry), word),
  })
  .map(({ premap, entry }) => {
    return (damage: Damage) => damage.setEntry(premap, entry)
  })
const inFlog = fc
  .record({ lane: fc.nat(nfree - 1), at: fc.nat(9), word })
  .map(({ lane, at, word: value }) => {
    return (damage: Damage) => damage.setFlogWord(lane, at, value)
  })
const interrupted = fc.nat(nfree - 2).map((lane) => (damage: Damage) => damage.interrupt(lane))
const damages = fc
  .tuple(fc.array(interrupted, { maxLength: 2 }), fc.array(fc.oneof(inMap, inFlog), { maxLength: 6 }))
  .map(([first, others]) => [...first, ...others])

test('every block is somebody’s afterwards, and a second repair has nothing to do', () => {
  fc.assert(
    fc.property(damages, fc.constantFrom('first', 'error', 'both-readable'), (changes, duplicates) => {
      const bytes = pristine.slice()
      const damage = new Damage(bytes)
      for (const change of changes) change(damage)
      const provider = new MemoryProvider({ bytes }, 'image')
      const plan = repair(provider, { duplicates })
      expect(plan.withheld).toEqual([])
      expect(plan.after).toBe('clean')
      expect(repair(provider, { duplicates })).toMatchObject({ before: 'clean', stages: [] })
      sectorsOf(provider)
      expect(isBijection(runAtomic(checkBijection(provider, runAtomic(inspect(provider)).info)))).toBe(true)
    }),
    { numRuns: 80 },
  )
}, 60_000)

test('without a policy nothing that could be read becomes another thing', () => {
  fc.assert(
    fc.property(damages, (changes) => {
      const bytes = pristine.slice()
      const damage = new Damage(bytes)
      for (const change of changes) change(damage)
      const provider = new MemoryProvider({ bytes }, 'image')
      const plan = repair(provider)
      expect(plan.withheld.length === 0).toBe(plan.after === 'clean')
      for (const { message } of plan.withheld) expect(message).toContain('--duplicates')
    }),
    { numRuns: 60 },
  )
}, 60_000)
