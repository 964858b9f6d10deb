/** Random workloads over few sectors and two lanes, and random operations after each recovery. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkCrashes, type CrashOperation } from './index.ts'
import { engine, smallImage } from './crash-check.test-support.ts'

const FIRST_LBA = 30
const SECTORS = 6
const IMAGE = smallImage(520)
const SECTOR_BYTES = 512

const sectors = fc
  .tuple(fc.nat(SECTORS - 1), fc.nat(2))
  .map(([first, more]) => ({ lba: FIRST_LBA + first, count: 1 + Math.min(more, SECTORS - 1 - first) }))

const bytes = fc
  .tuple(fc.nat(SECTORS * SECTOR_BYTES - 1), fc.integer({ min: 1, max: 3 * SECTOR_BYTES }))
  .map(([start, length]) => ({
    offset: FIRST_LBA * SECTOR_BYTES + start,
    length: Math.min(length, SECTORS * SECTOR_BYTES - start),
  }))

const operation = fc.oneof<fc.Arbitrary<CrashOperation>[]>(
  fc.tuple(sectors, fc.nat(255)).map(([range, value]) => ({ kind: 'write', ...range, value })),
  sectors.map((range) => ({ kind: 'zero', ...range })),
  fc.tuple(bytes, fc.nat(255)).map(([range, value]) => ({ kind: 'write-bytes', ...range, value })),
  bytes.map((range) => ({ kind: 'zero-bytes', ...range })),
)

test.each(['px86', 'px86-non-temporal', 'buffered'] as const)(
  '%s: a random workload survives, and goes on after it',
  (model) => {
    fc.assert(
      fc.property(
        fc.array(operation, { minLength: 1, maxLength: 4 }),
        fc.array(operation, { maxLength: 5 }),
        (workload, operationsAfterwards) => {
          const options = { engine, image: IMAGE, model, workload, operationsAfterwards }
          const { violations, isExhaustive } = checkCrashes({ ...options, duringRecovery: true })
          expect(violations).toEqual([])
          expect(isExhaustive).toBe(true)
        },
      ),
      { numRuns: 6 },
    )
  },
)
