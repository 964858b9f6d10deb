import { describe, expect, test } from 'vitest'
import {
  ClosedError,
  ReadOnlyError,
  type MaybeSleep,
  type PmemProvider,
  type ProviderShare,
} from '@bttkit/interfaces'
import { DelayLayer, PassingLayer, ReadOnlyLayer, type ProviderCall } from './index.ts'
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

  protected override shareOver(shareInner: () => ProviderShare): ProviderShare {
    return { scheme: this.label, handle: shareInner() }
  }
}

/** Writes down what it is told that each call is for. */
class PurposeLayer extends PassingLayer {
  private readonly seen: unknown[]

  constructor(inner: PmemProvider, seen: unknown[]) {
    super(inner)
    this.seen = seen
  }

  protected override around({ purpose }: ProviderCall, run: () => MaybeSleep): MaybeSleep {
    this.seen.push(purpose)
    return run()
  }

  protected override shareOver(shareInner: () => ProviderShare): ProviderShare {
    return shareInner()
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
const OPTIONAL = [
  'readInto',
  'writeFrom',
  'writeMany',
  'writeThrough',
  'zero',
  'persist',
  'persistMany',
  'badBlocks',
  'annotate',
  'lock',
  'share',
] as const

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

describe('what a call is for, through three layers,', () => {
  test('comes to the inner provider right before the call', () => {
    const { inner, layers } = threeOver(new FullProvider())
    layers.annotate?.('flog half 1', 3)
    layers.flush()
    expect(inner.calls).toEqual([['annotate', 'flog half 1', 3], ['flush']])
  })

  test('comes to each of them with the call', () => {
    const seen: unknown[] = []
    const layers = [1, 2, 3].reduce<PmemProvider>(
      (under) => new PurposeLayer(under, seen),
      new FullProvider(),
    )
    layers.annotate?.('info')
    layers.flush()
    expect(seen).toEqual([1, 2, 3].map(() => ({ stage: 'info' })))
  })

  test('is of one call only', () => {
    const { inner, layers } = threeOver(new FullProvider())
    layers.annotate?.('data', 0)
    layers.flush()
    inner.calls.length = 0
    layers.flush()
    expect(inner.calls).toEqual([['flush']])
  })

  test('is what was told last', () => {
    const { inner, layers } = threeOver(new FullProvider())
    layers.annotate?.('data', 0)
    layers.annotate?.('map', 1)
    layers.flush()
    expect(inner.calls).toEqual([['annotate', 'map', 1], ['flush']])
  })

  test('stays with a call that a layer holds back', async () => {
    const inner = new FullProvider()
    const layer = new DelayLayer(inner, { writeDelayMs: 1 })
    layer.annotate?.('data', 0)
    const slow = layer.write(0, Uint8Array.of(1))
    layer.annotate?.('map', 1)
    layer.flush()
    await slow
    expect(inner.calls.map(([first, stage]) => [first, stage])).toEqual([
      ['annotate', 'map'],
      ['flush', undefined],
      ['annotate', 'data'],
      ['write', 0],
    ])
  })

  test('does not come to the inner provider where a layer refuses the call', () => {
    const inner = new FullProvider()
    const layer = new ReadOnlyLayer(inner)
    layer.annotate?.('data', 0)
    expect(() => layer.write(0, Uint8Array.of(1))).toThrow(ReadOnlyError)
    layer.flush()
    expect(inner.calls).toEqual([['flush']])
  })
})

test('bad blocks are those of the inner provider', () => {
  const { inner, layers } = threeOver(new FullProvider())
  inner.bad = [{ offset: 512, length: 1024 }]
  expect(layers.badBlocks?.()).toEqual([{ offset: 512, length: 1024 }])
})

test('bad blocks after the close fail', () => {
  const { layers } = threeOver(new FullProvider())
  layers.close()
  expect(() => layers.badBlocks?.()).toThrow(ClosedError)
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
