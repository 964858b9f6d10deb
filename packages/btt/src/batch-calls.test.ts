/** Batches over storage that takes several pieces, or several ranges, in one call. */
import { expect, test } from 'vitest'
import { ArenaErrorStateError, ProviderIoError, type MaybeSleep, type WriteSegment } from '@bttkit/interfaces'
import { runAsync } from '@bttkit/sleepable'
import { MIB, PassingProvider, engine, freshMemory } from './engine.test-support.ts'

const SECTOR = 512
const failure = (): ProviderIoError => new ProviderIoError({}, 'it fails', 'EIO')

class ManyProvider extends PassingProvider {
  fail: (() => MaybeSleep) | undefined

  writeMany(segments: readonly WriteSegment[]): MaybeSleep {
    for (const { offset, source } of segments) void this.inner.write(offset, source)
    return undefined
  }

  persistMany(): MaybeSleep {
    return this.fail?.()
  }
}

/** A device over whose lanes free blocks are apart. */
async function scattered() {
  const memory = freshMemory(17 * MIB, { externalLbasize: SECTOR, nfree: 4 })
  const flushed = { mayWait: true, flush: 'sleeps', durableOnWrite: false, sameLineOrdered: false } as const
  const provider = new ManyProvider(memory, flushed)
  const device = await runAsync(engine.attach(provider))
  for (const lba of [100, 300, 200, 400]) await device.write(lba, new Uint8Array(SECTOR).fill(1))
  return { provider, device }
}

const throwing = (): never => {
  throw failure()
}

test.each([
  ['throws', throwing],
  ['rejects', () => Promise.reject(failure())],
])(
  'a persist of several ranges that %s is a failed flush: nothing is written any more',
  async (_how, fail) => {
    const { provider, device } = await scattered()
    provider.fail = fail
    await expect(device.write(10, new Uint8Array(4 * SECTOR))).rejects.toThrow(ProviderIoError)
    provider.fail = undefined
    await expect(device.write(20, new Uint8Array(SECTOR))).rejects.toThrow(ArenaErrorStateError)
  },
)

test('each sector and part gets its own bytes of the request', async () => {
  const { device } = await scattered()
  const bytes = Uint8Array.from({ length: 3 * SECTOR }, (_, at) => 1 + (at % 251))
  await device.writeBytes(10 * SECTOR + 100, bytes)
  const found = new Uint8Array(4 * SECTOR)
  await device.read(10, found)
  expect(found.subarray(100, 100 + bytes.length)).toEqual(bytes)
})
