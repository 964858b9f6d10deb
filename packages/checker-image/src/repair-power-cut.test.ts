/** The power is cut at every store of a repair: what is left is no worse, and repairing it again ends the same. */
import { expect, test } from 'vitest'
import { INFO_BLOCK_BYTES, encodeInfoBlock } from '@bttkit/btt-format'
import { PowerFailMemory, type PowerFailModel } from '@bttkit/pmem-power-fail'
import { runAtomic } from '@bttkit/sleepable'
import { INFO_OFFSET, smallImage } from './image.test-support.ts'
import { applyRepair, examineImage, planRepair, type RepairOptions, type Verdict } from './index.ts'
import { Damage, repair, sectorsOf } from './repair.test-support.ts'

const pristine = smallImage(4160)
const RANKS: readonly Verdict[] = ['clean', 'recoverable', 'damaged', 'unreadable']

/** Calls back after each store, and after each flush. */
class WatchedMemory extends PowerFailMemory {
  onChange: () => void = () => undefined

  override write(offset: number, source: Uint8Array): undefined {
    super.write(offset, source)
    this.onChange()
  }

  override flush(): undefined {
    super.flush()
    this.onChange()
  }
}

const verdictOf = (storage: PowerFailMemory): Verdict => runAtomic(examineImage(storage)).verdict

const DAMAGES: Readonly<Record<string, (damage: Damage) => unknown>> = {
  'a lane whose sequence numbers are both 1': (damage) => damage.setFlogWord(0, 3, 1).setFlogWord(0, 7, 1),
  'a lane of which no slot is newer, and one would be an interrupted write': (damage) => {
    const free = damage.newer(0).oldMap
    damage.setFlogWord(0, 0, 5).setFlogWord(0, 1, damage.block(5)).setFlogWord(0, 2, free)
    damage.setFlogWord(0, 3, 1).setFlogWord(0, 7, 1)
  },
  'a flog of zeros': (damage) => damage.fill(damage.info.logoff, 256),
  'a write that was interrupted, and a lane that has a block of a sector': (damage) =>
    damage.interrupt(1).setFlogWord(2, 1, damage.block(5)).setFlogWord(2, 5, damage.block(5)),
  'two lanes with one free block': (damage) =>
    damage.view.setUint32(damage.newer(0).at + 4, damage.newer(1).oldMap, true),
  'entries out of range, one without flags, and a zeroed sector in the block of another': (damage) =>
    damage.setEntry(9, 0xffff_ffff).setEntry(11, 0xc7ff_ffff).setEntry(12, 12).shareZeroed(20, 21),
  'no primary info block': (damage) => damage.fill(0, INFO_BLOCK_BYTES),
  'unknown flags in both info blocks, and padding': (damage) => {
    const block = encodeInfoBlock({ ...damage.info, flags: 0x80 })
    damage.bytes.set(block, INFO_OFFSET)
    damage.bytes.set(block, INFO_OFFSET + damage.info.info2off)
    damage.setFlogWord(1, 12, 7)
  },
}

/** Cuts the power at each change of a repair, and judges what may be left. Returns how many states were. */
function cutEverywhere(media: Uint8Array, model: PowerFailModel, options: RepairOptions): number {
  const done = new PowerFailMemory({ media, model })
  const before = sectorsBefore(done)
  const plan = repair(done, options)
  expect(plan.after).toBe('clean')
  const after = sectorsOf(done.copy())
  let states = 0
  const storage = new WatchedMemory({ media, model })
  storage.onChange = () => {
    const found = storage.cut().explore(
      (left) => {
        const verdict = verdictOf(left)
        expect(RANKS.indexOf(verdict)).toBeLessThanOrEqual(RANKS.indexOf(plan.before))
        // Whoever attaches now reads what was there before, or what will be there.
        if (verdict === 'clean' || verdict === 'recoverable')
          for (const [lba, sector] of sectorsOf(left.copy()).entries())
            expect([before?.[lba] ?? after[lba], after[lba]]).toContain(sector)
        repair(left, options)
        expect(verdictOf(left)).toBe('clean')
        expect(sectorsOf(left)).toEqual(after)
      },
      { limit: 24, samples: 4, seed: states },
    )
    states += found.classes
  }
  runAtomic(applyRepair(storage, runAtomic(planRepair(storage, options))))
  return states
}

/** Where the image could be attached before. */
function sectorsBefore(storage: PowerFailMemory): ReturnType<typeof sectorsOf> | undefined {
  const verdict = verdictOf(storage)
  return verdict === 'clean' || verdict === 'recoverable' ? sectorsOf(storage.copy()) : undefined
}

const MODELS: readonly PowerFailModel[] = ['px86-non-temporal', 'torn-512']

test.each(Object.entries(DAMAGES))(
  '%s',
  (_name, damageIt) => {
    const media = pristine.slice()
    damageIt(new Damage(media))
    for (const model of MODELS)
      expect(cutEverywhere(media, model, { resetUnknown: true, duplicates: 'first' })).toBeGreaterThan(1)
  },
  60_000,
)

test.each(['first', 'error', 'both-readable'] as const)(
  'sectors that share blocks, by policy: %s',
  (duplicates) => {
    const media = pristine.slice()
    new Damage(media).share(9, 10).share(11, 10).share(15, 16)
    for (const model of MODELS) expect(cutEverywhere(media, model, { duplicates })).toBeGreaterThan(1)
  },
)
