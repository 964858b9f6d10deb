import assert from 'node:assert/strict'
import { fillStart } from './bytes.ts'
import type { ConformanceCase } from './conformance-case.ts'
import { assertFails } from './failures.ts'
import { allCalls } from './range-calls.ts'

/** The end. */
export const closeCases: readonly ConformanceCase[] = [
  {
    name: 'close: closing twice is allowed',
    async run({ provider }) {
      await provider.close()
      await provider.close()
    },
  },
  {
    name: 'close: closing twice at once is allowed',
    async run({ provider }) {
      await fillStart(provider, 512)
      await Promise.all([provider.close(), provider.close()])
    },
  },
  {
    name: 'close: each call fails afterwards',
    async run({ provider }) {
      await provider.close()
      for (const { name, begin } of allCalls(provider)) {
        await assertFails(() => begin(0, 64), 'BTT_CLOSED', `${name} after close`)
      }
      if (provider.lock !== undefined) {
        await assertFails(() => provider.lock?.('shared'), 'BTT_CLOSED', 'lock after close')
      }
      if (provider.dataRanges !== undefined) {
        const listing = (): undefined => void provider.dataRanges?.(0, 1)
        await assertFails(listing, 'BTT_CLOSED', 'dataRanges after close')
      }
      if (provider.badBlocks !== undefined) {
        const listing = (): undefined => void provider.badBlocks?.()
        await assertFails(listing, 'BTT_CLOSED', 'badBlocks after close')
      }
      if (provider.share !== undefined) {
        const sharing = (): undefined => void provider.share?.()
        await assertFails(sharing, 'BTT_CLOSED', 'share after close')
      }
    },
  },
  {
    name: 'close: what was said of the storage can still be asked for',
    async run({ provider }) {
      const { name, size, capabilities } = provider
      await provider.close()
      assert.deepEqual([provider.name, provider.size, provider.capabilities], [name, size, capabilities])
    },
  },
]
