import { expect, test } from 'vitest'
import { ProviderUrlError, type PmemProvider, type ProviderOpenOptions } from '@bttkit/interfaces'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { providerPlugin, SleepingFlushProvider } from './index.ts'

const { parameters } = providerPlugin
type Values = Parameters<typeof providerPlugin.open>[0]['values']

/** What a parameter's schema makes of a value, or `refused`. */
function checked(key: keyof typeof parameters, value: unknown): unknown {
  const result = parameters[key]['~standard'].validate(value)
  if (result instanceof Promise) expect.fail('a schema must not wait')
  return result.issues === undefined ? result.value : 'refused'
}

/** Opens a layer over a memory, with values as a host reads them. */
async function open(
  given: Partial<Record<keyof typeof parameters, unknown>>,
  options: Partial<ProviderOpenOptions> = {},
): Promise<SleepingFlushProvider> {
  const values = Object.fromEntries(
    (Object.keys(parameters) as (keyof typeof parameters)[]).map((key) => [key, checked(key, given[key])]),
  ) as unknown as Values
  const provider = await providerPlugin.open(
    { scheme: 'sleeping-flush', path: 'mem:', values, url: 'sleeping-flush:mem:' },
    { readOnly: false, ...options },
    { openInner: async () => new MemoryProvider({ size: 64, shared: true }) },
  )
  if (!(provider instanceof SleepingFlushProvider)) expect.fail('another provider was opened')
  return provider
}

test('it is a layer, with one scheme and four parameters', () => {
  expect(providerPlugin).toMatchObject({ isLayer: true, schemes: ['sleeping-flush'] })
  expect(Object.keys(parameters)).toEqual(['flushDelayMs', 'flushSeed', 'flushQueue', 'losesUnflushed'])
})

test.each([
  ['flushDelayMs', '0', 0],
  ['flushDelayMs', 15, 15],
  ['flushDelayMs', '15', 15],
  ['flushDelayMs', '1..5', { fromMs: 1, toMs: 5 }],
  ['flushSeed', '7', 7],
  ['flushSeed', 4_294_967_295, 4_294_967_295],
  ['flushQueue', '1', 1],
  ['flushQueue', 3, 3],
  ['losesUnflushed', 'true', true],
  ['losesUnflushed', 'false', false],
  ['losesUnflushed', true, true],
] as const)('%s may be %o', (key, value, expected) => {
  expect(checked(key, value)).toEqual(expected)
})

test.each([
  ...['', '-1', '1.5', '1e3', 'long', '2147483648', '5..1', '1..', '1..2147483648', -1, 1.5, null].map(
    (value) => ['flushDelayMs', value] as const,
  ),
  ...['', '-1', '4294967296', 1.5].map((value) => ['flushSeed', value] as const),
  ...['0', '1.5', '', -1].map((value) => ['flushQueue', value] as const),
  ...['yes', '', 1].map((value) => ['losesUnflushed', value] as const),
])('%s cannot be %o', (key, value) => {
  expect(checked(key, value)).toBe('refused')
})

test('what is not given is left to the defaults', async () => {
  const { flushDelayMs, flushQueue, losesUnflushed } = await open({})
  expect({ flushDelayMs, flushQueue, losesUnflushed }).toEqual({
    flushDelayMs: 2,
    flushQueue: 128,
    losesUnflushed: false,
  })
})

test('what is given arrives', async () => {
  const { flushDelayMs, flushQueue, losesUnflushed } = await open({
    flushDelayMs: '1..5',
    flushSeed: '7',
    flushQueue: '1',
    losesUnflushed: 'true',
  })
  expect({ flushDelayMs, flushQueue, losesUnflushed }).toEqual({
    flushDelayMs: { fromMs: 1, toMs: 5, seed: 7 },
    flushQueue: 1,
    losesUnflushed: true,
  })
})

test.each([[{ flushSeed: '7' }], [{ flushSeed: '7', flushDelayMs: '2' }]])(
  'a seed without a range is refused: %o',
  async (given) => {
    await expect(open(given)).rejects.toThrow(ProviderUrlError)
  },
)

test('what loses its unflushed data cannot be opened for threads', async () => {
  const opening = open({ losesUnflushed: 'true' }, { threads: true })
  await expect(opening).rejects.toThrow(TypeError)
  await expect(opening).rejects.toThrow('cannot be shared with other threads')
  expect((await open({ losesUnflushed: 'false' }, { threads: true })).share).toBeDefined()
})

test('another thread joins with the same options, over what it joins under it', async () => {
  const provider = await open({ flushDelayMs: '1..7', flushSeed: 3, flushQueue: 2 })
  const share = structuredClone(provider.share?.()) ?? expect.fail('it cannot be shared')
  const joined: PmemProvider | undefined = await providerPlugin.join?.(share, {
    joinInner: async (inner) => MemoryProvider.join(inner),
  })
  expect(joined).toMatchObject({ flushDelayMs: { fromMs: 1, toMs: 7, seed: 3 }, flushQueue: 2 })
  joined?.write(0, Uint8Array.of(9))
  const target = new Uint8Array(1)
  provider.read(0, target)
  expect(target[0]).toBe(9)
})

test('what is not a share of a sleeping flush is refused', async () => {
  const share = { scheme: 'sleeping-flush', handle: { flushDelayMs: 1 } }
  const joining = providerPlugin.join?.(share, { joinInner: () => expect.fail('it was joined') })
  await expect(joining).rejects.toThrow(TypeError)
})

test('a share with options that cannot be leaves nothing open', async () => {
  const inner = new MemoryProvider({ size: 64 })
  const share = { scheme: 'sleeping-flush', handle: { inner, options: { flushDelayMs: -1, flushQueue: 1 } } }
  await expect(providerPlugin.join?.(share, { joinInner: async () => inner })).rejects.toThrow(TypeError)
  expect(() => inner.flush()).toThrow('closed')
})
