import type { CallStage, MaybeSleep } from '@bttkit/interfaces'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { expect, test } from 'vitest'
import { PreemptingProvider } from './preempting-provider.ts'
import { SeededRandom } from './seeded-random.ts'
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

test('it does not say that stores to one line stay in order: the flush between them is a preemption point', () => {
  const { memory, layer } = over()
  expect(memory.capabilities.sameLineOrdered).toBe(true)
  expect(layer.capabilities.sameLineOrdered).toBe(false)
})

test('what a call is for is told when the call is made, also where that is later', () => {
  const log: string[] = []
  const memory = new MemoryProvider({ size: 4096 }, 'memory')
  const told = Object.assign(memory, {
    annotate: (stage: CallStage, lane?: number) => log.push(`${stage} ${lane}`),
    writeFrom: () => void log.push('write'),
  })
  const layer = new PreemptingProvider(told, new SeededRandom(1))
  const waits = Array.from({ length: 50 }, (_, lane) => {
    layer.annotate?.('data', lane)
    return layer.write(0, new Uint8Array(8))
  })
  expect(log.length).toBeLessThan(100)
  for (const wait of waits) wait?.block?.()
  const lanes = log.flatMap((line, index) => (log[index + 1] === 'write' ? [line] : []))
  expect(lanes.toSorted()).toEqual(Array.from({ length: 50 }, (_, lane) => `data ${lane}`).toSorted())
})

test('a call that nobody said anything of is not told of', () => {
  const log: unknown[] = []
  const memory = new MemoryProvider({ size: 4096 }, 'memory')
  const layer = new PreemptingProvider(
    Object.assign(memory, { annotate: (stage: CallStage) => log.push(stage) }),
  )
  layer.annotate?.('map', 3)
  layer.read(0, new Uint8Array(4))
  layer.read(0, new Uint8Array(4))
  expect(log).toEqual(['map'])
})

test('it lists the bad blocks of what is below, and has no list where that has none', () => {
  const { memory, layer } = over()
  expect(layer.badBlocks).toBeUndefined()
  expect(layer.annotate).toBeUndefined()
  const bad = [{ offset: 512, length: 512 }]
  expect(new PreemptingProvider(Object.assign(memory, { badBlocks: () => bad })).badBlocks?.()).toBe(bad)
})

test('with random numbers a write is over before the preemption, after it, or in two parts that keep 8 bytes whole', () => {
  const memory = new MemoryProvider({ size: 4096 }, 'memory')
  const layer = new PreemptingProvider(memory, new SeededRandom(1))
  const bytes = new Uint8Array(512).fill(7)
  const doneBefore = Array.from({ length: 100 }, () => {
    memory.mapping.fill(0)
    const wait = layer.write(64, bytes)
    expect(wait?.isPreemption).toBe(true)
    const done = memory.mapping.filter((byte) => byte === 7).length
    wait?.block?.()
    expect(memory.mapping.subarray(64, 64 + 512)).toEqual(bytes)
    return done
  })
  const parted = doneBefore.filter((done) => done > 0 && done < 512)
  expect(doneBefore).toContain(0)
  expect(doneBefore).toContain(512)
  expect(parted.length).toBeGreaterThan(5)
  expect(parted.every((done) => done % 8 === 0)).toBe(true)
  expect(layer.capabilities.atomicWriteBytes).toBe(8)
})

test('what is stored in one piece is never parted', async () => {
  const memory = new MemoryProvider({ size: 4096 }, 'memory')
  const layer = new PreemptingProvider(memory, new SeededRandom(1))
  const target = new Uint8Array(8)
  memory.mapping.fill(7)
  for (let i = 0; i < 50; i++) {
    target.fill(0)
    const wait = layer.read(0, target)
    expect([0, 56]).toContain(target.reduce((sum, byte) => sum + byte))
    await wait
    expect(target).toEqual(new Uint8Array(8).fill(7))
  }
})

test('a call that is made late fails late, whether one blocks or waits', async () => {
  const memory = new MemoryProvider({ size: 4096 }, 'memory')
  memory.flush = () => {
    throw new Error('the host is gone')
  }
  const layer = new PreemptingProvider(memory, new SeededRandom(1))
  const late = (): MaybeSleep => {
    for (;;) {
      try {
        return layer.flush()
      } catch {
        // It was made at once.
      }
    }
  }
  expect(() => late()?.block?.()).toThrow('the host is gone')
  await expect(late()).rejects.toThrow('the host is gone')
})

test('storage that may wait is never called late, nor in parts', () => {
  const memory = new MemoryProvider({ size: 4096 }, 'memory')
  const layer = new PreemptingProvider(sleeping(memory), new SeededRandom(1))
  for (let i = 0; i < 50; i++) {
    memory.mapping.fill(0)
    layer.write(0, new Uint8Array(512).fill(7))
    expect(memory.mapping[511]).toBe(7)
  }
})

test('a call that sleeps passes through', async () => {
  const layer = new PreemptingProvider(sleeping(new MemoryProvider({ size: 4096 }, 'memory')))
  expect(layer.capabilities.flush).toBe('sleeps')
  const wait = layer.persist(0, 8)
  expect(wait?.isPreemption).toBe(undefined)
  await wait
})
