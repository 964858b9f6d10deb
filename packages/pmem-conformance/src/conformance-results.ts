import { conformance, type ConformanceOptions } from './conformance.ts'

/** How a test of the suite ended. */
export interface ConformanceResult {
  readonly name: string
  /** What it threw; `undefined` where it passed or was skipped. */
  readonly failure: unknown
  /** What it needs and the provider does not have or promise; `undefined` where it was run. */
  readonly skipReason: string | undefined
}

/** Runs the whole suite without a test runner, one test after the other, and says how each ended. */
export async function conformanceResults(
  options: Omit<ConformanceOptions, 'test'>,
): Promise<ConformanceResult[]> {
  const runs: (() => Promise<ConformanceResult>)[] = []
  conformance({
    ...options,
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
  const results: ConformanceResult[] = []
  for (const run of runs) results.push(await run())
  return results
}
