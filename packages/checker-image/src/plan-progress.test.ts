/** Planning a repair may take long: it says how far it is, lets others in, and can be ended. */
import { expect, test } from 'vitest'
import type { Wait } from '@bttkit/interfaces'
import { infoFieldOffset } from '@bttkit/btt-format'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAsync, runAtomic } from '@bttkit/sleepable'
import { INFO_OFFSET, infoOf, smallImage } from './image.test-support.ts'
import { planRepair, type CheckProgress } from './index.ts'
import { Damage } from './repair.test-support.ts'

/** Neither info block has its checksum, so layouts are tried out. */
function withoutChecksums(): MemoryProvider {
  const bytes = smallImage(4160)
  const at = infoFieldOffset('checksum')
  new Damage(bytes).fill(at, 8).fill(infoOf(bytes, INFO_OFFSET).info2off + at, 8)
  return new MemoryProvider({ bytes }, 'image')
}

test('progress comes to its total and grows with each pass, and is told while layouts are tried out', () => {
  const provider = withoutChecksums()
  const seen: CheckProgress[] = []
  const plan = runAtomic(planRepair(provider, { onProgress: (now) => seen.push(now) }))
  expect(plan.after).toBe('clean')
  const { internalNlba } = new Damage(smallImage(4160)).info
  expect(seen.length).toBeGreaterThan(3)
  expect(seen.at(-1)?.totalEntries).toBeGreaterThan(2 * internalNlba)
  expect(seen.at(-1)?.doneEntries).toBe(seen.at(-1)?.totalEntries)
  for (const { doneEntries, totalEntries } of seen) expect(doneEntries).toBeLessThanOrEqual(totalEntries)
})

test('others are let in after each piece', async () => {
  let turns = 0
  const pause: Wait = {
    // oxlint-disable-next-line unicorn/no-thenable -- a wait is a thenable by contract
    then(onFulfilled) {
      turns++
      return Promise.resolve().then(onFulfilled)
    },
  }
  const plan = await runAsync(planRepair(withoutChecksums(), { pause }))
  expect(plan.after).toBe('clean')
  expect(turns).toBeGreaterThan(3)
})

test('a signal ends it, and nothing is stored', () => {
  const reason = new Error('enough')
  const stop = new AbortController()
  const provider = withoutChecksums()
  const onProgress = (): void => stop.abort(reason)
  expect(() => runAtomic(planRepair(provider, { onProgress, signal: stop.signal }))).toThrow(reason)
})
