import assert from 'node:assert/strict'
import { assertStored, fillStart } from './bytes.ts'
import { withoutReopen, type ConformanceCase } from './conformance-case.ts'
import { assertFails } from './failures.ts'
import { storingCalls } from './range-calls.ts'

/** Storage that is open for reading only. */
export const readOnlyCases: readonly ConformanceCase[] = [
  {
    name: 'read-only: it says so, and can be read, flushed and closed',
    skipReason: withoutReopen,
    async run(subject) {
      const model = await fillStart(subject.provider, 4096)
      await subject.provider.flush()
      await subject.provider.close()
      const provider = await subject.reopen({ readOnly: true })
      assert.equal(provider.readOnly, true)
      await assertStored(provider, 0, model, 'the storage, for reading only')
      await provider.flush()
      await provider.close()
    },
  },
  {
    name: 'read-only: each change is refused, and nothing of it is stored',
    skipReason: withoutReopen,
    async run(subject) {
      const model = await fillStart(subject.provider, 4096)
      await subject.provider.flush()
      await subject.provider.close()
      const provider = await subject.reopen({ readOnly: true })
      for (const { name, begin } of storingCalls(provider)) {
        await assertFails(() => begin(100, 64), 'BTT_READ_ONLY', name)
      }
      await assertStored(provider, 0, model, 'the storage, after refused changes')
    },
  },
]
