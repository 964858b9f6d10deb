import assert from 'node:assert/strict'
import type { MaybeSleep, Wait } from '@bttkit/interfaces'
import { fillStart } from './bytes.ts'
import type { ConformanceCase } from './conformance-case.ts'
import { assertFails } from './failures.ts'
import { allCalls, readingCalls, storingCalls, type RangeCall } from './range-calls.ts'
import type { Subject } from './subject.ts'

const neverWaits = ({ provider }: Subject): string | undefined =>
  provider.capabilities.mayWait ? undefined : 'mayWait is false'

const mayWait = ({ provider }: Subject): string | undefined =>
  provider.capabilities.mayWait ? 'mayWait is true' : undefined

const flushMayWait = ({ provider }: Subject): string | undefined =>
  provider.capabilities.flush === 'sleeps' ? 'the flush may sleep' : undefined

/** Ends a wait as a driver does that blocks, where it can be. */
async function endByBlock(wait: Wait): Promise<void> {
  if (wait.block === undefined) await wait
  else wait.block()
}

/** The wait of a call that fails, unless it fails at once. */
function begunBeyond(begin: RangeCall['begin'], size: number): MaybeSleep {
  try {
    return begin(size, 8)
  } catch {
    return undefined
  }
}

/** What a call answers with when it has not finished. */
export const waitCases: readonly ConformanceCase[] = [
  {
    name: 'waits: where mayWait is false no call answers with a wait',
    skipReason: mayWait,
    async run({ provider }) {
      for (const { name, begin } of allCalls(provider)) {
        const answer = begin(64, 128)
        // A wait that nobody waits for must not outlive the test.
        await answer
        assert.equal(answer, undefined, `${name} answered with a wait, and mayWait is false`)
      }
      assert.equal(provider.close(), undefined, 'close answered with a wait, and mayWait is false')
    },
  },
  {
    name: 'waits: a flush that does not sleep answers with no wait',
    skipReason: flushMayWait,
    async run({ provider }) {
      await fillStart(provider, 512)
      const answer = provider.flush()
      await answer
      assert.equal(
        answer,
        undefined,
        `flush answered with a wait, and flush is '${provider.capabilities.flush}'`,
      )
    },
  },
  {
    name: 'waits: each can be awaited, and twice',
    skipReason: neverWaits,
    async run({ provider }) {
      for (const { name, begin } of allCalls(provider)) {
        const wait = begin(64, 128)
        if (wait === undefined) continue
        assert.equal(typeof wait.then, 'function', `${name}: then`)
        await wait
        await wait
      }
    },
  },
  {
    name: 'waits: each that has block ends by it',
    skipReason: neverWaits,
    async run({ provider }) {
      const model = await fillStart(provider, 512)
      const target = new Uint8Array(512)
      const reading = provider.read(0, target)
      if (reading !== undefined) await endByBlock(reading)
      assert.deepEqual(target, model, 'what was read by the end of the wait')
      for (const { name, begin } of allCalls(provider)) {
        const wait = begin(64, 128)
        // Who gets a wait has to wait for it, in one way or the other.
        if (wait?.block === undefined) await wait
        else assert.equal(wait.block(), undefined, `${name}: block`)
      }
    },
  },
  {
    name: 'waits: ready says that it is over when it is',
    skipReason: neverWaits,
    async run({ provider }) {
      for (const { name, begin } of allCalls(provider)) {
        const wait = begin(64, 128)
        const before = wait?.ready?.()
        await wait
        if (wait?.ready === undefined) continue
        assert.equal(typeof before, 'boolean', `${name}: ready`)
        assert.equal(wait.ready(), true, `${name}: it was awaited, and ready says that it is not over`)
      }
    },
  },
  {
    name: 'waits: what is ready has happened',
    skipReason: neverWaits,
    async run({ provider }) {
      const model = await fillStart(provider, 512)
      const target = new Uint8Array(512)
      const wait = provider.read(0, target)
      if (wait?.ready?.() === true) assert.deepEqual(target, model, 'ready, and the target is not filled')
      await wait
    },
  },
  {
    name: 'waits: a failure of a wait rejects it, and is not thrown by then',
    skipReason: neverWaits,
    async run({ provider }) {
      for (const { name, begin } of [...readingCalls(provider), ...storingCalls(provider)]) {
        const wait = begunBeyond(begin, provider.size)
        if (wait === undefined) continue
        // Not awaited: that would turn what `then` throws into a rejection.
        const failure = await new Promise((resolve) => {
          assert.doesNotThrow(() => void wait.then(() => resolve(undefined), resolve), `${name}: then threw`)
        })
        assert.ok(failure instanceof Error, `${name}: its wait was not rejected`)
      }
    },
  },
  {
    name: 'waits: a failure is the same by then and by block',
    skipReason: neverWaits,
    async run({ provider }) {
      for (const { name, begin } of [...readingCalls(provider), ...storingCalls(provider)]) {
        const beyond = (): Wait | undefined => begin(provider.size, 8)
        await assertFails(beyond, 'BTT_OUT_OF_RANGE', `${name}, awaited`)
        const blocking = (): Wait | undefined => {
          const wait = beyond()
          return wait === undefined ? undefined : endByBlock(wait)
        }
        await assertFails(blocking, 'BTT_OUT_OF_RANGE', `${name}, blocked on`)
      }
    },
  },
]
