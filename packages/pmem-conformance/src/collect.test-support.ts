import { conformance, type ConformanceOptions } from './index.ts'

export interface CollectedResult {
  readonly name: string
  readonly failure: unknown
  readonly skipReason: string | undefined
}

/** Runs the whole suite with a test function that only notes how each test ends. */
export async function collect(options: Omit<ConformanceOptions, 'test'>): Promise<CollectedResult[]> {
  const runs: (() => Promise<CollectedResult>)[] = []
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
  const results: CollectedResult[] = []
  for (const run of runs) results.push(await run())
  return results
}
