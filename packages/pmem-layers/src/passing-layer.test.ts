import { describe, expect, test } from 'vitest'
import { ClosedError, type MaybeSleep, type PmemProvider, type ProviderShare } from '@bttkit/interfaces'
import { PassingLayer, type ProviderCall } from './index.ts'
import { BareProvider, CALLS, FullProvider, waitThatEnds } from './recording-provider.test-support.ts'

/** Writes down when a call comes to it and when it goes back. */
class NotingLayer extends PassingLayer {
  private readonly notes: string[]
  private readonly label: string

  constructor(inner: PmemProvider, label: string, notes: string[]) {
    super(inner)
    this.label = label
    this.notes = notes
  }

  protected override around(call: ProviderCall, run: () => MaybeSleep): MaybeSleep {
    this.notes.push(`${call.method} into ${this.label}`)
    const wait = run()
    this.notes.push(`${call.method} out of ${this.label}`)
    return wait
  }

  protected override shareOver(inner: ProviderShare): ProviderShare {
    return { scheme: this.label, handle: inner }
  }
}

function threeOver<T extends BareProvider>(inner: T): { inner: T; layers: PmemProvider; notes: string[] } {
  const notes: string[] = []
  const layers = ['bottom', 'middle', 'top'].reduce<PmemProvider>(
    (under, label) => new NotingLayer(under, label, notes),
    inner,
  )
  return { inner, layers, notes }
}

const METHODS = Object.keys(CALLS)
const OPTIONAL = ['readInto', 'writeFrom', 'writeMany', 'zero', 'persist', 'lock', 'share'] as const

describe.each(METHODS)('%s through three layers', (method) => {
  const call = CALLS[method] ?? expect.fail(method)

  test('goes down through each of them and back in the other order', () => {
    const { layers, notes } = threeOver(new FullProvider())
    call(layers)
    expect(notes).toEqual([
      ...['top', 'middle', 'bottom'].map((label) => `${method} into ${label}`),
      ...['bottom', 'middle', 'top'].map((label) => `${method} out of ${label}`),
    ])
  })

  test('is one call of the inner provider, with the same arguments', () => {
    const direct = new FullProvider()
    call(direct)
    const { inner, layers } = threeOver(new FullProvider())
    call(layers)
    expect(inner.calls).toEqual(direct.calls)
  })

  test('answers with the wait of the inner provider', () => {
    const { inner, layers } = threeOver(new FullProvider())
    const wait = waitThatEnds()
    inner.answer = () => wait
    expect(call(layers)).toBe(wait)
  })

  test('fails with the failure of the inner provider', () => {
    const { inner, layers } = threeOver(new FullProvider())
    const failure = new Error('the disk')
    inner.answer = () => {
      throw failure
    }
    expect(() => call(layers)).toThrow(failure)
  })
})

test('a read through three layers has the bytes', () => {
  const { inner, layers } = threeOver(new FullProvider())
  inner.memory.write(8, Uint8Array.of(1, 2, 3))
  const target = new Uint8Array(5)
  layers.read(8, target.subarray(0, 2))
  layers.readInto?.(10, target, 4, 1)
  expect([...target]).toEqual([1, 2, 0, 0, 3])
})

test('a share is wrapped by each layer, the topmost outside', () => {
  const { inner, layers } = threeOver(new FullProvider())
  const expected = ['bottom', 'middle', 'top'].reduce<ProviderShare>(
    (handle, scheme) => ({ scheme, handle }),
    inner.share(),
  )
  expect(layers.share?.()).toEqual(expected)
})

test('what the inner provider has not, the layers have not', () => {
  const { layers } = threeOver(new BareProvider())
  expect(OPTIONAL.filter((name) => name in layers)).toEqual([])
})

test('all that the inner provider has the layers have, but for its mapping', () => {
  const { layers } = threeOver(new FullProvider())
  expect(OPTIONAL.filter((name) => typeof layers[name] !== 'function')).toEqual([])
  expect(layers.mapping).toBeUndefined()
})

test('name, size and capabilities are the inner ones', () => {
  const { inner, layers } = threeOver(new FullProvider())
  const { name, size, readOnly, capabilities } = layers
  expect({ name, size, readOnly }).toEqual({ name: 'bare', size: 4096, readOnly: false })
  expect(capabilities).toEqual(inner.capabilities)
  expect(Object.isFrozen(capabilities)).toBe(true)
})

test.each(METHODS.filter((method) => method !== 'close'))('%s after the close fails', (method) => {
  const { layers, notes } = threeOver(new FullProvider())
  layers.close()
  notes.length = 0
  expect(() => CALLS[method]?.(layers)).toThrow(ClosedError)
  expect(notes).toEqual([])
})

test('closing twice is allowed', () => {
  const { layers } = threeOver(new FullProvider())
  layers.close()
  expect(layers.close()).toBeUndefined()
})
