import { describe, expect, test } from 'vitest'
import { conformanceResults } from './conformance-results.ts'
import type { ConformanceOptions } from './index.ts'

export type NamedProvider = readonly [name: string, options: Omit<ConformanceOptions, 'test'>]

/** Runs the suite over each provider as a whole; what its capabilities do not claim cannot be tested, and is counted instead of skipped. */
export function runConformance(providers: readonly NamedProvider[]): void {
  describe.each(providers)('%s', async (_, options) => {
    const results = await conformanceResults(options)

    test.each(results.filter(({ skipReason }) => skipReason === undefined))('$name', ({ failure }) => {
      expect(failure).toBeUndefined()
    })

    test('most tests apply, and the others say why not', () => {
      const leftOut = results.filter(({ skipReason }) => skipReason !== undefined)
      expect(leftOut.length).toBeLessThan(results.length / 2)
      for (const { skipReason } of leftOut) expect(skipReason).toMatch(/\w+ \w+/)
    })
  })
}
