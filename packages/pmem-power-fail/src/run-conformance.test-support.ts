/** Runs the conformance suite, and registers those of its tests that apply: what the capabilities do not claim cannot be tested, and is counted instead of skipped. */
import { conformanceResults, type StorageFactory } from '@bttkit/pmem-conformance'
import { expect, test } from 'vitest'

/** Call it in a `describe`, and wait for it. */
export async function runConformance(factory: StorageFactory): Promise<void> {
  const outcomes = await conformanceResults({ factory })
  test.each(outcomes.filter(({ skipReason }) => skipReason === undefined))('$name', ({ failure }) => {
    expect(failure).toBeUndefined()
  })

  test('most tests apply, and the others say why not', () => {
    const leftOut = outcomes.filter(({ skipReason }) => skipReason !== undefined)
    expect(leftOut.length).toBeLessThan(outcomes.length / 2)
    for (const { skipReason } of leftOut) expect(skipReason).toMatch(/\w+ \w+/)
  })
}
