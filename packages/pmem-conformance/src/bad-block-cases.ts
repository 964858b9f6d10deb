import assert from 'node:assert/strict'
import type { ByteRange, PmemProvider } from '@bttkit/interfaces'
import { assertStored, fillStart, patternOf } from './bytes.ts'
import { anyOf, without, withoutSpoil, type ConformanceCase } from './conformance-case.ts'
import { assertFails } from './failures.ts'
import { readingCalls, storedBy, storingCalls } from './range-calls.ts'

const UNIT_BYTES = 512

const isUnits = (bytes: number): boolean => Number.isSafeInteger(bytes) && bytes % UNIT_BYTES === 0

function assertWellFormed(ranges: readonly ByteRange[], size: number): void {
  assert.ok(Array.isArray(ranges), 'badBlocks answers with a list, at once')
  let end = 0
  for (const { offset, length } of ranges) {
    const what = `the bad range of ${length} bytes from ${offset} on`
    // The last unit may be shorter, of storage that ends in it.
    const isWhole = isUnits(offset) && (isUnits(length) || offset + length === size)
    assert.ok(isWhole && length > 0, `${what} is not of whole units of 512 bytes`)
    assert.ok(offset >= end, `${what} is not behind the one before it, and apart`)
    end = offset + length
    assert.ok(end <= size, `${what} is not within the ${size} bytes of the storage`)
  }
}

const isListed = (provider: PmemProvider, offset: number): boolean =>
  provider.badBlocks?.().some((range) => offset >= range.offset && offset < range.offset + range.length) ??
  false

/** Each call that reads one byte fails at `offset`, and names its unit where it names a place. */
async function assertBad(provider: PmemProvider, offset: number, what: string): Promise<void> {
  for (const { name, begin } of readingCalls(provider)) {
    const reading = `${name} of byte ${offset}, ${what}`
    const { place } = await assertFails(() => begin(offset, 1), 'BTT_BAD_BLOCK', reading)
    const named = place.offset ?? offset
    const isInUnit = named <= offset && named > offset - UNIT_BYTES
    assert.ok(isInUnit, `${reading}: byte ${named}, which it names, is not of the same unit, or behind it`)
  }
}

/** Media that have lost something. */
export const badBlockCases: readonly ConformanceCase[] = [
  {
    name: 'bad blocks: the list is in order and apart, in whole units, and within the storage',
    skipReason: without('badBlocks'),
    async run(subject) {
      const { provider } = subject
      const last = Math.floor(provider.size / UNIT_BYTES - 1) * UNIT_BYTES
      if (subject.canSpoil) {
        for (const offset of [8192, last, 1024, 1536, 8192]) await subject.spoil(offset, UNIT_BYTES)
      }
      assertWellFormed(provider.badBlocks?.() ?? [], provider.size)
    },
  },
  {
    name: 'bad blocks: what is known to be bad is listed, until it is written',
    skipReason: anyOf(without('badBlocks'), withoutSpoil),
    async run(subject) {
      const { provider } = subject
      await subject.spoil(4096, 2 * UNIT_BYTES)
      const listed = (): boolean[] =>
        [4095, 4096, 4608, 5119, 5120].map((offset) => isListed(provider, offset))
      assert.deepEqual(
        listed(),
        [false, true, true, true, false],
        'what is listed of the bytes in and beside it',
      )
      await provider.write(4096, patternOf(UNIT_BYTES, 1))
      assert.deepEqual(listed(), [false, false, true, true, false], 'when the first unit was written')
    },
  },
  {
    name: 'bad blocks: a read that touches one fails, and one beside it does not',
    skipReason: withoutSpoil,
    async run(subject) {
      const { provider } = subject
      const model = await fillStart(provider, 8192)
      await subject.spoil(4096, UNIT_BYTES)
      for (const offset of [4096, 4300, 4607]) await assertBad(provider, offset, 'which is bad')
      for (const { name, begin } of readingCalls(provider)) {
        await assertFails(() => begin(4000, 97), 'BTT_BAD_BLOCK', `${name} that ends in it`)
        await assertFails(() => begin(0, 8192), 'BTT_BAD_BLOCK', `${name} over it`)
      }
      await assertStored(provider, 0, model.subarray(0, 4096), 'what is before it')
      await assertStored(provider, 4608, model.subarray(4608), 'what is behind it')
    },
  },
  {
    name: 'bad blocks: each call that stores heals the units that it covers',
    skipReason: withoutSpoil,
    async run(subject) {
      const { provider } = subject
      for (const call of storingCalls(provider)) {
        await fillStart(provider, 8192)
        await subject.spoil(4096, 2 * UNIT_BYTES)
        await call.begin(4096, 2 * UNIT_BYTES)
        const stored = storedBy(call, 2 * UNIT_BYTES)
        await assertStored(provider, 4096, stored, `what ${call.name} stored over bad units`)
      }
    },
  },
  {
    name: 'bad blocks: a write of a part of a unit leaves it bad',
    skipReason: withoutSpoil,
    async run(subject) {
      const { provider } = subject
      for (const { name, begin } of storingCalls(provider)) {
        await fillStart(provider, 8192)
        await subject.spoil(4096, UNIT_BYTES)
        await begin(4096, UNIT_BYTES - 1)
        await assertBad(provider, 4607, `after ${name} of all but the last byte of its unit`)
        await assertBad(provider, 4096, `after ${name} of all but the last byte of its unit`)
      }
    },
  },
  {
    name: 'bad blocks: two writes that cover a unit only together leave it bad',
    skipReason: withoutSpoil,
    async run(subject) {
      const { provider } = subject
      await subject.spoil(4096, UNIT_BYTES)
      await provider.write(4000, patternOf(96 + 256, 1))
      await provider.write(4096 + 256, patternOf(256, 2))
      await assertBad(provider, 4096, 'after two writes of a half each')
    },
  },
  {
    name: 'bad blocks: a flush heals nothing',
    skipReason: withoutSpoil,
    async run(subject) {
      const { provider } = subject
      await subject.spoil(4096, UNIT_BYTES)
      await provider.flush()
      await provider.persist?.(4096, UNIT_BYTES)
      await assertBad(provider, 4096, 'after a flush')
    },
  },
]
