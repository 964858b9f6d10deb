import { expect, test } from 'vitest'
import { CannotBlockError, type MaybeSleep, type PmemProvider, type Wait } from '@bttkit/interfaces'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { SleepingFlushProvider } from './index.ts'

const filled = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte)

/** A call that is made when somebody waits for it, in whichever way. */
function waitFor(call: () => MaybeSleep): Wait {
  return {
    // oxlint-disable-next-line unicorn/no-thenable -- a wait is a thenable by contract
    then: (...callbacks) =>
      Promise.resolve()
        .then(call)
        .then(...callbacks),
    block: () => void call(),
  }
}

/** Storage full of ones that loses what is not flushed, over memory whose reads and writes wait. */
function waiting(): { readonly provider: SleepingFlushProvider; readonly bytes: Uint8Array } {
  const bytes = filled(64, 1)
  const memory = new MemoryProvider({ bytes })
  const inner: PmemProvider = {
    name: 'waiting',
    size: memory.size,
    readOnly: false,
    capabilities: { ...memory.capabilities, mayWait: true },
    read: (offset, target) => waitFor(() => memory.read(offset, target)),
    write: (offset, source) => waitFor(() => memory.write(offset, source)),
    flush: () => memory.flush(),
    close: () => memory.close(),
  }
  return { provider: new SleepingFlushProvider(inner, { losesUnflushed: true }), bytes }
}

test('over storage that waits, writes that were begun at once can be blocked on one after the other', async () => {
  const { provider, bytes } = waiting()
  const waits = [2, 3, 4].map((byte) => provider.write(8 * byte, filled(8, byte)))
  for (const wait of waits) wait?.block?.()
  expect([...bytes.subarray(16, 40)]).toEqual([2, 3, 4].flatMap((byte) => [...filled(8, byte)]))
  // All of them have given back their turn.
  await provider.write(0, filled(8, 5))
  expect(bytes[0]).toBe(5)
})

test('who cannot have a turn by blocking takes nothing from those behind it', async () => {
  const { provider, bytes } = waiting()
  const [first, second, third] = [2, 3, 4].map((byte) => provider.write(8 * byte, filled(8, byte)))
  expect(() => second?.block?.()).toThrow(CannotBlockError)
  const end = Promise.resolve(third)
  first?.block?.()
  await end
  expect([bytes[16], bytes[24], bytes[32]]).toEqual([2, 1, 4])
})
