import { expect, test } from 'vitest'
import { ReadOnlyError } from '@bttkit/interfaces'
import { ReadOnlyLayer } from './index.ts'
import { CALLS, FullProvider } from './recording-provider.test-support.ts'

const WRITES = ['write', 'writeFrom', 'writeMany', 'writeThrough', 'zero']

test('it says that it is read-only', () => {
  expect(new ReadOnlyLayer(new FullProvider()).readOnly).toBe(true)
})

test.each(WRITES)('%s is refused, and does not reach the storage', (method) => {
  const inner = new FullProvider()
  expect(() => CALLS[method]?.(new ReadOnlyLayer(inner))).toThrow(ReadOnlyError)
  expect(inner.calls).toEqual([])
})

test.each(Object.keys(CALLS).filter((method) => !WRITES.includes(method)))('%s is passed on', (method) => {
  const inner = new FullProvider()
  CALLS[method]?.(new ReadOnlyLayer(inner))
  expect(inner.calls.map(([name]) => name)).toEqual([method])
})
