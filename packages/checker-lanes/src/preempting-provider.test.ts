import type { MaybeSleep } from '@bttkit/interfaces'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { expect, test } from 'vitest'
import { PreemptingProvider } from './preempting-provider.ts'
import { sleeping } from './stress.test-support.ts'

const over = (): { memory: MemoryProvider; layer: PreemptingProvider } => {
  const memory = new MemoryProvider({ size: 4096 }, 'memory')
  return { memory, layer: new PreemptingProvider(memory) }
}

test('each call is a preemption point, and is made at once', () => {
  const { memory, layer } = over()
  const bytes = new Uint8Array(8).fill(7)
  const calls: MaybeSleep[] = [
    layer.write(0, bytes),
    layer.writeFrom(8, bytes, 4, 4),
    layer.persist(0, 8),
    layer.flush(),
    layer.readInto(0, new Uint8Array(8), 4, 4),
  ]
  expect([...memory.mapping.subarray(0, 13)]).toEqual([7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 0])
  const target = new Uint8Array(2)
  calls.push(layer.read(11, target))
  expect([...target]).toEqual([7, 0])
  expect(calls.map((wait) => wait?.isPreemption)).toEqual(calls.map(() => true))
  expect(calls.map((wait) => [wait?.on?.kind, wait?.on?.start, wait?.on?.end])).toEqual([
    ['write', 0, 8],
    ['write', 8, 12],
    ['flush', 0, 8],
    ['flush', 0, 4096],
    ['read', 0, 4],
    ['read', 11, 13],
  ])
})

test('it says that calls may wait and that flushes are needed, over memory too', () => {
  const { memory, layer } = over()
  expect(memory.capabilities).toMatchObject({ mayWait: false, flush: 'none', durableOnWrite: true })
  expect(layer.capabilities).toMatchObject({ mayWait: true, flush: 'immediate', durableOnWrite: false })
})

test('a call that sleeps passes through', async () => {
  const layer = new PreemptingProvider(sleeping(new MemoryProvider({ size: 4096 }, 'memory')))
  expect(layer.capabilities.flush).toBe('sleeps')
  const wait = layer.persist(0, 8)
  expect(wait?.isPreemption).toBe(undefined)
  await wait
})
