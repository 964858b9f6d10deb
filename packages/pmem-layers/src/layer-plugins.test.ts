import { describe, expect, test } from 'vitest'
import { ProviderUrlError, ReadOnlyError, type PmemProvider, type ProviderPlugin } from '@bttkit/interfaces'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { layerPlugins } from './index.ts'
import { openLayer, pluginFor } from './layer-host.test-support.ts'

test('each is a layer, with a scheme of its own', () => {
  expect(layerPlugins.map(({ schemes, isLayer }) => [...schemes, isLayer])).toEqual([
    ['read-only', true],
    ['offset', true],
    ['delay', true],
    ['fault', true],
    ['trace', true],
  ])
})

test('no two know the same parameter, so that a URL says which one is meant', () => {
  const names = layerPlugins.flatMap(({ parameters }) => Object.keys(parameters))
  expect(names).toEqual([...new Set(names)])
})

test('read-only refuses writes', async () => {
  const provider = await openLayer('read-only').opening
  expect(() => provider.write(0, new Uint8Array(1))).toThrow(ReadOnlyError)
})

test.each([
  { windowOffset: '1k', windowSize: '64' },
  { windowOffset: 1024, windowSize: 64 },
])('offset has its window: %o', async (window) => {
  expect(await openLayer('offset', window).opening).toMatchObject({ offset: 1024, size: 64 })
})

test('a window that is not within the storage is refused, and the storage closed', async () => {
  const { opening, inner } = openLayer('offset', { windowOffset: '1MiB' })
  await expect(opening).rejects.toThrow(ProviderUrlError)
  expect(inner.calls).toEqual([['close']])
})

test('a window makes no storage', async () => {
  const { opening, innerOpenings } = openLayer('offset', { windowOffset: '0' }, { createSizeBytes: 64 })
  await expect(opening).rejects.toThrow(ProviderUrlError)
  expect(innerOpenings()).toBe(0)
})

test.each([
  { readDelayMs: '1', flushDelayMs: '3' },
  { readDelayMs: 1, flushDelayMs: 3 },
])('delay has its delays: %o', async (delays) => {
  const provider = await openLayer('delay', delays).opening
  expect(provider).toMatchObject({ delaysMs: { readDelayMs: 1, writeDelayMs: 0, flushDelayMs: 3 } })
})

test.each([
  ['offset', {}],
  ['offset', { windowOffset: '-1' }],
  ['offset', { windowOffset: -1 }],
  ['offset', { windowOffset: 0.5 }],
  ['offset', { windowOffset: true }],
  ['offset', { windowOffset: '0', windowSize: 'big' }],
  ['delay', { readDelayMs: '1.5' }],
  ['delay', { readDelayMs: '' }],
  ['delay', { readDelayMs: Number.NaN }],
  ['delay', { writeDelayMs: String(2 ** 30) }],
  ['fault', { faultSeed: '4294967296' }],
  ['trace', {}],
  ['trace', { traceFile: '' }],
  ['trace', { traceFile: 'x', traceFormat: 'xml' }],
])('%s with %o is refused, and opens nothing', async (scheme, given) => {
  const { opening, innerOpenings } = openLayer(scheme, given)
  await expect(opening).rejects.toThrow(ProviderUrlError)
  expect(innerOpenings()).toBe(0)
})

describe('another thread', () => {
  const joinAs = async (plugin: ProviderPlugin, shared: PmemProvider): Promise<PmemProvider> => {
    const share = structuredClone(shared.share?.()) ?? expect.fail('it cannot be shared')
    const joining = plugin.join?.(share, { joinInner: async (inner) => MemoryProvider.join(inner) })
    return joining ?? expect.fail('it cannot be joined')
  }

  test('joins a read-only layer', async () => {
    const provider = await openLayer('read-only').opening
    expect(await joinAs(pluginFor('read-only'), provider)).toMatchObject({ readOnly: true, size: 4096 })
  })

  test('joins a window, on the same bytes', async () => {
    const { opening, inner } = openLayer('offset', { windowOffset: '1k', windowSize: '64' })
    const joined = await joinAs(pluginFor('offset'), await opening)
    joined.write(1, Uint8Array.of(5))
    expect([joined.size, inner.memory.mapping[1025]]).toEqual([64, 5])
  })

  test('joins a delay', async () => {
    const provider = await openLayer('delay', { writeDelayMs: '4' }).opening
    expect(await joinAs(pluginFor('delay'), provider)).toMatchObject({ delaysMs: { writeDelayMs: 4 } })
  })

  test.each(['fault', 'trace'])('cannot join where %s: is', (scheme) => {
    expect('join' in pluginFor(scheme)).toBe(false)
  })

  test.each(['read-only', 'offset', 'delay'])('is refused a foreign share by %s:', async (scheme) => {
    const joinInner = (): never => expect.fail('it was joined')
    const foreign = { scheme: 'mem', handle: { inner: {}, options: {} } }
    await expect(pluginFor(scheme).join?.(foreign, { joinInner })).rejects.toThrow(TypeError)
    await expect(pluginFor(scheme).join?.({ scheme, handle: {} }, { joinInner })).rejects.toThrow(TypeError)
  })
})

test('read-only: makes nothing', async () => {
  const { opening, innerOpenings } = openLayer('read-only', {}, { createSizeBytes: 4096 })
  await expect(opening).rejects.toThrow(ReadOnlyError)
  expect(innerOpenings()).toBe(0)
})
