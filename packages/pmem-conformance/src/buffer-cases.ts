import { assertBytes, assertStored, fillStart, patternOf, readBytes } from './bytes.ts'
import { without, type ConformanceCase } from './conformance-case.ts'

/** A view of `length` bytes that begins in the middle of a larger buffer, and that buffer. */
function viewWithin(length: number, byteOffset: number): { whole: Uint8Array; view: Uint8Array } {
  const whole = patternOf(length + 64, 5)
  return { whole, view: new Uint8Array(whole.buffer, byteOffset, length) }
}

function storesItsPart(call: 'writeFrom' | 'writeThrough'): ConformanceCase {
  return {
    name: `buffers: ${call} stores its part of the source`,
    skipReason: without(call),
    async run({ provider }) {
      const model = await fillStart(provider, 256)
      const { view } = viewWithin(100, 24)
      model.set(view.subarray(30, 50), 50)
      await provider[call]?.(50, view, 30, 20)
      await assertStored(provider, 0, model, 'the storage')
    },
  }
}

/** How buffers of the caller are used, and how they are not. */
export const bufferCases: readonly ConformanceCase[] = [
  {
    name: 'buffers: a read fills a view into a larger buffer, and nothing beside it',
    async run({ provider }) {
      const model = await fillStart(provider, 256)
      const { whole, view } = viewWithin(100, 24)
      const expected = whole.slice()
      expected.set(model.subarray(10, 110), 24)
      await provider.read(10, view)
      assertBytes(whole, expected, 'the buffer around the view')
    },
  },
  {
    name: 'buffers: a write stores a view into a larger buffer',
    async run({ provider }) {
      const model = await fillStart(provider, 256)
      const { view } = viewWithin(100, 24)
      model.set(view, 10)
      await provider.write(10, view)
      await assertStored(provider, 0, model, 'the storage')
    },
  },
  {
    name: 'buffers: readInto fills its part of the target, and nothing beside it',
    skipReason: without('readInto'),
    async run({ provider }) {
      const model = await fillStart(provider, 256)
      const { whole, view } = viewWithin(100, 24)
      const expected = whole.slice()
      expected.set(model.subarray(50, 70), 24 + 30)
      await provider.readInto?.(50, view, 30, 20)
      assertBytes(whole, expected, 'the buffer around the part')
    },
  },
  storesItsPart('writeFrom'),
  storesItsPart('writeThrough'),
  {
    name: 'buffers: no call that stores changes its source',
    async run({ provider }) {
      const { whole, view } = viewWithin(100, 24)
      const before = whole.slice()
      await provider.write(10, view)
      await provider.writeFrom?.(200, view, 30, 20)
      await provider.writeMany?.([{ offset: 300, source: view }])
      await provider.writeThrough?.(400, view, 30, 20)
      await provider.flush()
      assertBytes(whole, before, 'the source')
    },
  },
  {
    name: 'buffers: a source may be used again when its write is over',
    async run({ provider }) {
      const source = patternOf(512, 1)
      const stored = source.slice()
      await provider.write(0, source)
      source.fill(0xff)
      await provider.flush()
      await assertStored(provider, 0, stored, 'what the source held when it was written')
    },
  },
  {
    name: 'buffers: a target may be used again when its read is over',
    async run({ provider }) {
      const model = await fillStart(provider, 512)
      const target = await readBytes(provider, 0, 512)
      target.fill(0xff)
      await provider.flush()
      await assertStored(provider, 0, model, 'the storage, when a target was changed')
    },
  },
]
