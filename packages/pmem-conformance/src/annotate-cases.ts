import assert from 'node:assert/strict'
import type { CallStage } from '@bttkit/interfaces'
import { assertStored, fillStart } from './bytes.ts'
import { without, type ConformanceCase } from './conformance-case.ts'
import { readingCalls, storedBy, storingCalls } from './range-calls.ts'

const STAGES: readonly CallStage[] = [
  'info',
  'map',
  'data',
  'metadata',
  'flog',
  'flog half 0',
  'flog half 1',
  'clear',
]

/** What calls are for, which the provider may note and must not act upon. */
export const annotateCases: readonly ConformanceCase[] = [
  {
    name: 'annotate: whatever the calls are said to be for, they do what they do',
    skipReason: without('annotate'),
    async run({ provider }) {
      const model = await fillStart(provider, 4096)
      for (const [index, stage] of STAGES.entries()) {
        for (const lane of [undefined, index]) {
          for (const call of [...readingCalls(provider), ...storingCalls(provider)]) {
            assert.equal(
              provider.annotate?.(stage, lane),
              undefined,
              `what annotate of '${stage}' answers with`,
            )
            await call.begin(index * 100, 60)
            if (!call.name.startsWith('read')) model.set(storedBy(call, 60), index * 100)
            await assertStored(provider, 0, model, `after ${call.name} for '${stage}'`)
          }
          provider.annotate?.(stage, lane)
          await provider.flush()
        }
      }
    },
  },
  {
    name: 'annotate: one that no call follows is nothing',
    skipReason: without('annotate'),
    async run({ provider }) {
      const model = await fillStart(provider, 512)
      provider.annotate?.('flog half 0', 3)
      provider.annotate?.('map')
      await assertStored(provider, 0, model, 'the storage')
      provider.annotate?.('data', 255)
      await provider.close()
    },
  },
]
