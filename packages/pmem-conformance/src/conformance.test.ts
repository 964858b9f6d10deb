import { expect, test } from 'vitest'
import type { MaybeSleep } from '@bttkit/interfaces'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { CachingProvider, storageOf } from './caching-provider.test-support.ts'
import { conformanceResults } from './conformance-results.ts'

/** As storage behind a network: nothing is over within the call, and no thread can block on it. */
class RemoteProvider extends CachingProvider {
  override read(offset: number, target: Uint8Array): MaybeSleep {
    return this.later(() => super.read(offset, target))
  }

  override write(offset: number, source: Uint8Array): MaybeSleep {
    return this.later(() => super.write(offset, source))
  }

  private async later(call: () => MaybeSleep): Promise<void> {
    this.checkOpen()
    await new Promise((resolve) => void setImmediate(resolve))
    await call()
  }
}

test('a provider whose calls all wait for the event loop keeps the contract', async () => {
  const results = await conformanceResults({ factory: (sizeBytes) => storageOf(RemoteProvider, sizeBytes) })
  expect(results.filter(({ failure }) => failure !== undefined)).toEqual([])
})

test('with a factory that gives only a provider the rest is skipped, with the reason', async () => {
  const results = await conformanceResults({
    factory: (size) => ({ provider: new MemoryProvider({ size }) }),
  })
  expect(results.filter(({ failure }) => failure !== undefined)).toEqual([])
  const reasons = new Map(results.map(({ name, skipReason }) => [name, skipReason]))
  expect(reasons.get('lock: closing gives it up')).toBe('the provider has no lock')
  expect(reasons.get('durability: a power cut takes nothing that was flushed')).toBe(
    'the factory gives no crash()',
  )
  expect(reasons.get('waits: each can be awaited, and twice')).toBe('mayWait is false')
  expect(reasons.get('large offsets: a transfer over a border is whole')).toMatch(/no largeSizeBytes/)
  expect(reasons.get('content: a large transfer is whole')).toBeUndefined()
})

test('each test has storage of its own, and it is removed also when the test fails', async () => {
  let [made, removed] = [0, 0]
  const results = await conformanceResults({
    factory: (size) => {
      made++
      const provider = Object.assign(new MemoryProvider({ size }), { capabilities: {} })
      return { provider, cleanUp: () => void removed++ }
    },
  })
  expect(results.some(({ failure }) => failure !== undefined)).toBe(true)
  expect([made, removed]).toEqual([results.length, results.length])
})

test('no two tests have one name', async () => {
  const results = await conformanceResults({
    factory: (size) => ({ provider: new MemoryProvider({ size }) }),
  })
  const names = results.map(({ name }) => name)
  expect(names.length).toBe(new Set(names).size)
})
