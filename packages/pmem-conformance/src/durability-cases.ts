import assert from 'node:assert/strict'
import type { PmemProvider } from '@bttkit/interfaces'
import { assertStored, fillStart, patternOf, readBytes } from './bytes.ts'
import { withoutCrash, withoutReopen, type ConformanceCase } from './conformance-case.ts'
import type { Subject } from './subject.ts'

/** Stores by each call that there is, and answers with what the first bytes hold then. */
async function storeByAllCalls(provider: PmemProvider): Promise<Uint8Array> {
  const model = await fillStart(provider, 16_384)
  const piece = patternOf(300, 7)
  model.set(piece, 1000)
  if (provider.writeFrom === undefined) await provider.write(1000, piece)
  else await provider.writeFrom(1000, piece, 0, 300)
  if (provider.writeMany !== undefined) {
    const segments = [4000, 6000].map((offset) => ({ offset, source: patternOf(200, offset) }))
    for (const { offset, source } of segments) model.set(source, offset)
    await provider.writeMany(segments)
  }
  if (provider.zero !== undefined) {
    model.fill(0, 8192, 12_288)
    await provider.zero(8192, 4096)
  }
  return model
}

/** Either of two patterns in each unit that a crash may tear, and nothing else. */
function assertOldOrNew(found: Uint8Array, old: Uint8Array, fresh: Uint8Array, unitBytes: number): void {
  for (let start = 0; start < found.length; start += unitBytes) {
    const end = Math.min(start + unitBytes, found.length)
    const unit = Buffer.from(found.subarray(start, end))
    const isOldOrNew = unit.equals(old.subarray(start, end)) || unit.equals(fresh.subarray(start, end))
    assert.ok(isOldOrNew, `bytes ${start} to ${end} are neither what was there nor what was written`)
  }
}

const withoutPersistOrCrash = (subject: Subject): string | undefined =>
  subject.provider.persist === undefined ? 'the provider has no persist' : withoutCrash(subject)

const withoutDurableWrites = (subject: Subject): string | undefined =>
  subject.provider.capabilities.durableOnWrite
    ? withoutCrash(subject)
    : 'a write is not durable without a flush'

/** The case has two writes, in different units of up to this many bytes. */
const LARGEST_UNIT_BYTES = 8192

const cannotTear = (subject: Subject): string | undefined =>
  subject.provider.capabilities.tearGranularityBytes > LARGEST_UNIT_BYTES
    ? `tearGranularityBytes is above ${LARGEST_UNIT_BYTES}`
    : withoutCrash(subject)

/** What stays. */
export const durabilityCases: readonly ConformanceCase[] = [
  {
    name: 'durability: what was flushed is there when the storage is opened again',
    skipReason: withoutReopen,
    async run(subject) {
      const model = await storeByAllCalls(subject.provider)
      await subject.provider.flush()
      await assertStored(await subject.closeAndReopen(), 0, model, 'the storage, opened again')
    },
  },
  {
    name: 'durability: several flushes at once all succeed, and what was stored before them is there',
    skipReason: withoutReopen,
    async run(subject) {
      const { provider } = subject
      const model = await storeByAllCalls(provider)
      await Promise.all([provider.flush(), provider.flush(), provider.flush()])
      await assertStored(await subject.closeAndReopen(), 0, model, 'the storage, opened again')
    },
  },
  {
    name: 'durability: a flush keeps what can be read as it is',
    async run({ provider }) {
      const model = await storeByAllCalls(provider)
      await provider.flush()
      await assertStored(provider, 0, model, 'the storage, after a flush')
    },
  },
  {
    name: 'durability: a power cut takes nothing that was flushed',
    skipReason: withoutCrash,
    async run(subject) {
      const model = await storeByAllCalls(subject.provider)
      await subject.provider.flush()
      await assertStored(await subject.crash(), 0, model, 'the storage after the power cut')
    },
  },
  {
    name: 'durability: a flush is for all that was complete when it was called, whatever comes later',
    skipReason: withoutCrash,
    async run(subject) {
      const { provider } = subject
      const model = await fillStart(provider, 4096)
      const flushed = provider.flush()
      await provider.write(8192, patternOf(512, 4))
      await flushed
      await assertStored(await subject.crash(), 0, model, 'what was complete at the call')
    },
  },
  {
    name: 'durability: what was not flushed is old or new after a power cut, and nothing else is touched',
    skipReason: cannotTear,
    async run(subject) {
      const { provider } = subject
      const { tearGranularityBytes } = provider.capabilities
      const old = await fillStart(provider, 16_384)
      await provider.flush()
      const fresh = old.slice()
      // Neither begins or ends at the border of a unit.
      for (const offset of [100, 9000]) {
        const piece = patternOf(2000, offset)
        fresh.set(piece, offset)
        await provider.write(offset, piece)
      }
      assertOldOrNew(await readBytes(await subject.crash(), 0, 16_384), old, fresh, tearGranularityBytes)
    },
  },
  {
    name: 'durability: a power cut takes nothing that persist was called for',
    skipReason: withoutPersistOrCrash,
    async run(subject) {
      const { provider } = subject
      const piece = patternOf(700, 6)
      await provider.write(1300, piece)
      await provider.persist?.(1300, 700)
      await assertStored(await subject.crash(), 1300, piece, 'the range')
    },
  },
  {
    name: 'durability: a power cut takes no write where writes are durable when they are complete',
    skipReason: withoutDurableWrites,
    async run(subject) {
      const model = await fillStart(subject.provider, 4096)
      await assertStored(await subject.crash(), 0, model, 'the storage after the power cut')
    },
  },
]
