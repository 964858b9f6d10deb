import { expect, test } from 'vitest'
import { POWER_FAIL_MODELS, PowerFailMemory } from '@bttkit/pmem-power-fail'
import { storeFates } from './store-fates.ts'

const store = (offset: number, ...bytes: number[]) => ({ offset, bytes: Uint8Array.from(bytes) })
const LEFT = new Uint8Array(64)

/** The fates of stores on zeros of which this is left. */
function fatesOn(left: Uint8Array, ...stores: ReturnType<typeof store>[]): string[] {
  const now = new PowerFailMemory({ media: left, model: 'strict' })
  const before = new PowerFailMemory({ media: LEFT, model: 'strict' })
  return storeFates(stores, now, before).map((one) => `${one.fate} ${String(one.store.bytes)}`)
}

function media(offset: number, ...bytes: number[]): Uint8Array {
  const content = LEFT.slice()
  content.set(bytes, offset)
  return content
}

test('a store has survived, or is lost, or a part of it is there', () => {
  expect(fatesOn(media(8, 1, 2), store(8, 1, 2))).toEqual(['survived 1,2'])
  expect(fatesOn(LEFT, store(8, 1, 2))).toEqual(['lost 1,2'])
  expect(fatesOn(media(8, 0, 2), store(8, 1, 2))).toEqual(['torn 1,2'])
})

test('bytes that were there before say nothing', () => {
  expect(fatesOn(media(8, 0, 2), store(8, 0, 2))).toEqual(['survived 0,2'])
  expect(fatesOn(LEFT, store(8, 0, 0))).toEqual([])
})

test('of two stores to one place the one that is there has survived', () => {
  const both = [store(8, 1, 1), store(8, 2, 2)]
  expect(fatesOn(media(8, 2, 2), ...both)).toEqual(['survived 2,2'])
  expect(fatesOn(media(8, 1, 1), ...both)).toEqual(['survived 1,1', 'lost 2,2'])
  expect(fatesOn(media(8, 2, 1), ...both)).toEqual(['survived 1,1', 'torn 2,2'])
})

test('a durable store that a durable one lies over is not lost', () => {
  const memory = new PowerFailMemory({ media: LEFT, model: 'px86' })
  const stores = [store(0, 1, 2), store(0, 3, 4)]
  for (const { offset, bytes } of stores) memory.write(offset, bytes)
  memory.flush()
  const durable = memory.cut().state([])
  expect(storeFates(stores, durable, durable)).toEqual([])
  // The third is in flight, over both.
  const third = store(1, 5)
  memory.write(third.offset, third.bytes)
  const none = memory.cut().state([])
  expect(storeFates([...stores, third], none, none)).toEqual([{ store: third, fate: 'lost' }])
})

test.each(POWER_FAIL_MODELS)('%s: of what is in flight nothing or everything', (model) => {
  const memory = new PowerFailMemory({ media: LEFT, model })
  const stores = [store(0, 1, 2), store(32, 3)]
  for (const { offset, bytes } of stores) memory.write(offset, bytes)
  const none = memory.cut().state([])
  memory.flush()
  const all = memory.cut().state([])
  const fates = (left: PowerFailMemory): string[] => storeFates(stores, left, none).map(({ fate }) => fate)
  expect(fates(none)).toEqual(model === 'strict' ? [] : ['lost', 'lost'])
  expect(fates(all)).toEqual(model === 'strict' ? [] : ['survived', 'survived'])
})
