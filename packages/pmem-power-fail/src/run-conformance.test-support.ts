/** Runs the conformance suite, and registers those of its tests that apply: what the capabilities do not claim cannot be tested, and is counted instead of skipped. */
import { conformance, type StorageFactory } from '@bttkit/pmem-conformance'
import { expect, test } from 'vitest'

interface Outcome {
  readonly name: string
  readonly failure: unknown
  readonly skipReason: string | undefined
}

async function outcomesOf(factory: StorageFactory): Promise<Outcome[]> {
  const runs: (() => Promise<Outcome>)[] = []
  conformance({
    factory,
    test: (name, run) => {
      runs.push(async () => {
        let skipReason: string | undefined
        let failure: unknown
        try {
          await run({ skip: (reason) => void (skipReason = reason) })
        } catch (error) {
          failure = error
        }
        return { name, failure, skipReason }
      })
    },
  })
  const outcomes: Outcome[] = []
  for (const run of runs) outcomes.push(await run())
  return outcomes
}

/** Call it in a `describe`, and wait for it. */
export async function runConformance(factory: StorageFactory): Promise<void> {
  const outcomes = await outcomesOf(factory)
  test.each(outcomes.filter(({ skipReason }) => skipReason === undefined))('$name', ({ failure }) => {
    expect(failure).toBeUndefined()
  })

  test('most tests apply, and the others say why not', () => {
    const leftOut = outcomes.filter(({ skipReason }) => skipReason !== undefined)
    expect(leftOut.length).toBeLessThan(outcomes.length / 2)
    for (const { skipReason } of leftOut) expect(skipReason).toMatch(/\w+ \w+/)
  })
}
