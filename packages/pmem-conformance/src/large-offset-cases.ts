import { assertStored, fillStart, patternOf } from './bytes.ts'
import type { ConformanceCase } from './conformance-case.ts'
import { storedBy, storingCalls } from './range-calls.ts'
import type { Subject } from './subject.ts'

/** Offsets at which an arithmetic of 31 or 32 bits goes wrong. */
const BORDERS = [2 ** 31, 2 ** 32]

/** What is stored beyond the last border, in bytes, and a little more. */
const ROOM_BYTES = 8192

const tooSmall = ({ askedBytes }: Subject): string | undefined =>
  askedBytes >= 2 ** 32 + ROOM_BYTES ? undefined : 'there is no largeSizeBytes, or it is not above 4 GiB'

/** Storage that is larger than 4 GiB. */
export const largeOffsetCases: readonly ConformanceCase[] = [
  {
    name: 'large offsets: bytes beyond 2 and 4 GiB are their own',
    skipReason: tooSmall,
    async run({ provider }) {
      const places = [64, ...BORDERS.flatMap((border) => [border - 64, border + 64]), provider.size - 64]
      for (const [seed, offset] of places.entries()) await provider.write(offset, patternOf(64, seed))
      for (const [seed, offset] of places.entries()) {
        await assertStored(provider, offset, patternOf(64, seed), `64 bytes at ${offset}`)
      }
    },
  },
  {
    name: 'large offsets: each call that stores reaches its place, and nothing in the first bytes',
    skipReason: tooSmall,
    async run({ provider }) {
      const model = await fillStart(provider, 4096)
      for (const call of storingCalls(provider)) {
        for (const border of BORDERS) {
          await provider.write(border - 100, patternOf(300, 4))
          await call.begin(border - 20, 64)
          await provider.persist?.(border - 20, 64)
          const expected = patternOf(300, 4)
          expected.set(storedBy(call, 64), 80)
          await assertStored(provider, border - 100, expected, `${call.name} over ${border}`)
        }
      }
      await assertStored(provider, 0, model, 'the first bytes')
    },
  },
  {
    name: 'large offsets: a transfer over a border is whole',
    skipReason: tooSmall,
    async run({ provider }) {
      for (const border of BORDERS) {
        const source = patternOf(4096, 2)
        await provider.write(border - 1001, source.slice())
        await assertStored(provider, border - 1001, source, `over ${border}`)
      }
    },
  },
]
