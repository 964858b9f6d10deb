import { expect, test } from 'vitest'
import { PowerFailMemory } from './index.ts'

type Model = 'px86' | 'buffered'
/** Eight bytes of one value. */
type Store = readonly [offset: number, value: number]

const beginnings = {
  px86: new PowerFailMemory({ media: 4096, model: 'px86' }),
  buffered: new PowerFailMemory({ media: 4096, model: 'buffered' }),
}

/** Of a power failure after some stores, the first of which are durable. */
function fingerprint(model: Model, durable: readonly Store[], inFlight: readonly Store[]): string {
  const storage = beginnings[model].copy()
  for (const [offset, value] of durable) storage.write(offset, new Uint8Array(8).fill(value))
  storage.flush()
  for (const [offset, value] of inFlight) storage.write(offset, new Uint8Array(8).fill(value))
  return storage.cut().fingerprint()
}

const LEFT: Store = [0, 1]
const OVERLAPPING: Store = [4, 2]
const APART: Store = [1024, 3]

test.each<Model>(['px86', 'buffered'])(
  '%s: who came first makes no difference to stores that do not overlap',
  (model) => {
    expect(fingerprint(model, [], [LEFT, APART])).toBe(fingerprint(model, [], [APART, LEFT]))
    expect(fingerprint(model, [LEFT, APART], [])).toBe(fingerprint(model, [APART, LEFT], []))
  },
)

test.each<Model>(['px86', 'buffered'])('%s: the order of stores that overlap does', (model) => {
  expect(fingerprint(model, [], [LEFT, OVERLAPPING])).not.toBe(fingerprint(model, [], [OVERLAPPING, LEFT]))
  expect(fingerprint(model, [LEFT, OVERLAPPING], [])).not.toBe(fingerprint(model, [OVERLAPPING, LEFT], []))
})

test.each<Model>(['px86', 'buffered'])('%s: so does what is durable, where, and which bytes', (model) => {
  const all = [
    fingerprint(model, [], []),
    fingerprint(model, [LEFT], []),
    fingerprint(model, [], [LEFT]),
    fingerprint(model, [LEFT], [LEFT]),
    fingerprint(model, [], [[8, 1]]),
    fingerprint(model, [], [[0, 2]]),
    fingerprint(model, [[0, 0]], []),
    // Zeros, beside others.
    fingerprint(model, [LEFT, [8, 0]], []),
  ]
  expect(new Set(all).size).toBe(all.length)
})
