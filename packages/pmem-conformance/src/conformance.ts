import type { ConformanceCase } from './conformance-case.ts'
import type { StorageFactory } from './storage.ts'
import { Subject } from './subject.ts'
import { annotateCases } from './annotate-cases.ts'
import { badBlockCases } from './bad-block-cases.ts'
import { boundsCases } from './bounds-cases.ts'
import { bufferCases } from './buffer-cases.ts'
import { closeCases } from './close-cases.ts'
import { concurrencyCases } from './concurrency-cases.ts'
import { contractCases } from './contract-cases.ts'
import { contentCases } from './content-cases.ts'
import { crashCases } from './crash-cases.ts'
import { dataRangeCases } from './data-range-cases.ts'
import { durabilityCases } from './durability-cases.ts'
import { largeOffsetCases } from './large-offset-cases.ts'
import { lockCases } from './lock-cases.ts'
import { readOnlyCases } from './read-only-cases.ts'
import { waitCases } from './wait-cases.ts'

/** What a test function gives to the test. Both vitest and node:test have `skip`. */
export interface ConformanceTestContext {
  /** Reports the test as skipped. It may throw to end it. */
  skip?(reason?: string): unknown
}

/** `test` of vitest or of node:test. */
export type ConformanceTestFunction = (
  name: string,
  run: (context: ConformanceTestContext) => Promise<void>,
) => unknown

export interface ConformanceOptions {
  readonly test: ConformanceTestFunction
  readonly factory: StorageFactory
  /**
   * Bytes, above 2^32: a size that the factory can make cheaply (a sparse file), for the tests of offsets that do not fit 32 bits.
   * Default: none, and they are skipped.
   */
  readonly largeSizeBytes?: number
}

/** Enough for every case, and little enough for storage that is slow. */
const SIZE_BYTES = 65_536

const CASES: readonly ConformanceCase[] = [
  ...contractCases,
  ...boundsCases,
  ...bufferCases,
  ...contentCases,
  ...concurrencyCases,
  ...durabilityCases,
  ...crashCases,
  ...badBlockCases,
  ...dataRangeCases,
  ...annotateCases,
  ...waitCases,
  ...readOnlyCases,
  ...lockCases,
  ...closeCases,
]

async function runCase(
  { skipReason, run }: ConformanceCase,
  subject: Subject,
  context: ConformanceTestContext | undefined,
): Promise<void> {
  try {
    const reason = skipReason?.(subject)
    if (reason === undefined) await run(subject)
    else context?.skip?.(reason)
  } finally {
    await subject.cleanUp()
  }
}

/**
 * Registers one test for each promise of the provider contract. Each makes its own storage by `factory` and removes it.
 *
 * ```ts
 * import { test } from 'node:test'
 * conformance({ test, factory: (size) => ({ provider: new MyProvider(size) }) })
 * ```
 *
 * What a provider does not have, or its capabilities do not promise, is skipped, with the reason.
 */
export function conformance({ test, factory, largeSizeBytes }: ConformanceOptions): void {
  const register = (cases: readonly ConformanceCase[], sizeBytes: number): void => {
    for (const one of cases) {
      // node:test answers with a promise that is the runner's own matter.
      void test(one.name, async (context) => {
        await runCase(one, new Subject(await factory(sizeBytes), sizeBytes), context)
      })
    }
  }
  register(CASES, SIZE_BYTES)
  register(largeOffsetCases, largeSizeBytes ?? SIZE_BYTES)
}
