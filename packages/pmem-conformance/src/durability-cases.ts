import type { PmemProvider } from '@bttkit/interfaces'
import { assertStored, fillStart, patternOf } from './bytes.ts'
import { withoutCrash, withoutReopen, type ConformanceCase } from './conformance-case.ts'

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
  if (provider.writeThrough !== undefined) {
    const through = patternOf(100, 8)
    model.set(through.subarray(20, 80), 7000)
    await provider.writeThrough(7000, through, 20, 60)
  }
  if (provider.zero !== undefined) {
    model.fill(0, 8192, 12_288)
    await provider.zero(8192, 4096)
  }
  return model
}

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
]
