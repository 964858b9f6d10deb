import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import {
  ProviderIoError,
  ProviderOpenError,
  ProviderUrlError,
  ReadOnlyError,
  type PmemProvider,
  type ProviderOpenOptions,
  type ProviderPlugin,
} from '@bttkit/interfaces'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { delayPlugin, faultPlugin, offsetPlugin, readOnlyPlugin, tracePlugin } from './index.ts'
import { FullProvider } from './recording-provider.test-support.ts'

const scratch = mkdtempSync(join(tmpdir(), 'pmem-layers-'))
afterAll(() => rmSync(scratch, { recursive: true }))
const traceFile = join(scratch, 'calls')

const PLUGINS = [delayPlugin, faultPlugin, offsetPlugin, readOnlyPlugin, tracePlugin]

/** Opens an image URL through the layers' plugins, as a host does; what is no layer is a fresh provider. */
async function open(
  image: string,
  options: Partial<ProviderOpenOptions> = {},
): Promise<{ provider: PmemProvider; inner: FullProvider; opened: string[] }> {
  const inner = new FullProvider()
  const opened: string[] = []
  const openInner = async (url: string): Promise<PmemProvider> => {
    opened.push(url)
    const [, scheme = '', path = '', query = ''] = /^([a-z-]+):([^?]*)(?:\?(.*))?$/s.exec(url) ?? []
    const plugin = PLUGINS.find(({ schemes }) => schemes.includes(scheme))
    if (plugin === undefined) return inner
    const parameters = new Map<string, string>()
    for (const [, key = '', value = ''] of query.matchAll(/([^=&]+)=([^&]*)/g)) {
      parameters.set(decodeURIComponent(key), decodeURIComponent(value))
    }
    const location = { scheme, path: decodeURIComponent(path), parameters, url }
    return plugin.open(location, { readOnly: false, ...options, openInner })
  }
  return { provider: await openInner(image), inner, opened: opened.slice(1) }
}

describe('under a layer', () => {
  test.each([
    ['read-only:disk.img', ['file:disk.img']],
    ['read-only:mem:?size=1MiB', ['mem:?size=1MiB']],
    ['delay:mem:?size=1MiB&readDelayMs=0', ['mem:?size=1MiB']],
    ['fault:a%20b%253F.img?faultSeed=1', ['file:a b%253F.img']],
    ['read-only:x:?a%3D=b%26%25', ['x:?a%3D=b%26%25']],
    [
      'offset:delay:mem:?windowOffset=1k&writeDelayMs=2&size=1MiB',
      ['delay:mem:?writeDelayMs=2&size=1MiB', 'mem:?size=1MiB'],
    ],
    [
      'read-only:fault:offset:file:x?windowOffset=8&faults=flush,error',
      ['fault:offset:file:x?windowOffset=8&faults=flush,error', 'offset:file:x?windowOffset=8', 'file:x'],
    ],
  ])('%s lies %o', async (image, expected) => {
    expect((await open(image)).opened).toEqual(expected)
  })

  test.each(PLUGINS.map((plugin) => [plugin.name, plugin] as const))(
    '%s needs a host that opens it',
    async (_, plugin) => {
      const parameters = new Map([
        ['windowOffset', '0'],
        ['traceFile', traceFile],
      ])
      const location = { scheme: plugin.schemes[0] ?? '', path: 'x', parameters, url: 'layer:x' }
      const opening = plugin.open(location, { readOnly: false })
      await expect(opening).rejects.toThrow('layer:x: this is a layer')
    },
  )
})

test('read-only refuses writes', async () => {
  const { provider } = await open('read-only:x')
  expect(() => provider.write(0, new Uint8Array(1))).toThrow(ReadOnlyError)
})

test('offset has its window', async () => {
  const { provider } = await open('offset:x?windowOffset=1k&windowSize=64')
  expect(provider).toMatchObject({ offset: 1024, size: 64 })
})

test('a window that is not within the storage is refused, and the storage closed', async () => {
  const inner = new FullProvider()
  const parameters = new Map([['windowOffset', '1MiB']])
  const location = { scheme: 'offset', path: 'x', parameters, url: 'offset:x' }
  const opening = offsetPlugin.open(location, { readOnly: false, openInner: async () => inner })
  await expect(opening).rejects.toThrow(ProviderUrlError)
  expect(inner.calls).toEqual([['close']])
})

test('a window makes no storage', async () => {
  await expect(open('offset:x?windowOffset=0', { createSizeBytes: 64 })).rejects.toThrow(ProviderUrlError)
})

test('delay has its delays', async () => {
  const { provider } = await open('delay:x?readDelayMs=1&flushDelayMs=3')
  expect(provider).toMatchObject({ delaysMs: { readDelayMs: 1, writeDelayMs: 0, flushDelayMs: 3 } })
})

test('fault has its rules, with all their words', async () => {
  const words = 'nth=2,offset=0,length=4k,probability=1.0,errno=ENOSPC,stored=1'
  const { provider, inner } = await open(`fault:x?faults=flush,error,nth=1;write,short,${words}`)
  expect(() => provider.flush()).toThrow(ProviderIoError)
  provider.write(0, Uint8Array.of(1, 1))
  expect(() => provider.write(8, Uint8Array.of(1, 1))).toThrow(expect.objectContaining({ errno: 'ENOSPC' }))
  expect([...inner.memory.mapping.subarray(8, 10)]).toEqual([1, 0])
})

test('fault has its media errors', async () => {
  const { provider } = await open('fault:x?mediaErrors=512+1,2k+512')
  expect(() => provider.read(2048, new Uint8Array(1))).toThrow(ProviderIoError)
  expect(provider.read(1024, new Uint8Array(8))).toBeUndefined()
})

describe('trace', () => {
  test('writes JSON lines', async () => {
    const { provider } = await open(`trace:x?traceFile=${traceFile}`)
    provider.flush()
    provider.close()
    const lines = readFileSync(traceFile, 'utf8').trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ method: 'flush' }, { method: 'close' }])
  })

  test('writes events for Chrome', async () => {
    const { provider } = await open(`trace:x?traceFile=${traceFile}&traceFormat=events`)
    provider.flush()
    const text = readFileSync(traceFile, 'utf8').replace(/,\n$/, ']')
    expect(JSON.parse(text)).toMatchObject([
      { name: 'flush', ph: 'b' },
      { name: 'flush', ph: 'e' },
    ])
  })

  test('to a folder that is not there fails, before anything is opened', async () => {
    const opening = open(`trace:x?traceFile=${join(scratch, 'no', 'folder')}`)
    await expect(opening).rejects.toThrow(ProviderOpenError)
    await expect(opening).rejects.toMatchObject({ errno: 'ENOENT' })
  })
})

test.each([
  'offset:x',
  'offset:x?windowOffset=-1',
  'offset:x?windowOffset=0&windowSize=big',
  'delay:x?readDelayMs=1.5',
  'delay:x?writeDelayMs=2147483648',
  'fault:x?faults=',
  'fault:x?faults=lock,error',
  'fault:x?faults=write,slow',
  'fault:x?faults=read,torn',
  'fault:x?faults=write,error,nth=0',
  'fault:x?faults=write,error,often=1',
  'fault:x?faults=write,error,constructor=1',
  'fault:x?faults=write,error,probability=2',
  'fault:x?faults=write,error,offset=x',
  'fault:x?mediaErrors=512',
  'fault:x?mediaErrors=512+1+1',
  'fault:x?faultSeed=4294967296',
  'trace:x',
  `trace:x?traceFile=${traceFile}&traceFormat=xml`,
])('%s is refused', async (image) => {
  await expect(open(image)).rejects.toThrow(ProviderUrlError)
})

describe('another thread', () => {
  const joinAs = async (plugin: ProviderPlugin, shared: PmemProvider): Promise<PmemProvider> => {
    const share = structuredClone(shared.share?.()) ?? expect.fail('it cannot be shared')
    const joining = plugin.join?.(share, { joinInner: async (inner) => MemoryProvider.join(inner) })
    return joining ?? expect.fail('it cannot be joined')
  }

  test('joins a read-only layer', async () => {
    const { provider } = await open('read-only:x')
    expect(await joinAs(readOnlyPlugin, provider)).toMatchObject({ readOnly: true, size: 4096 })
  })

  test('joins a window, on the same bytes', async () => {
    const { provider, inner } = await open('offset:x?windowOffset=1k&windowSize=64')
    const joined = await joinAs(offsetPlugin, provider)
    joined.write(1, Uint8Array.of(5))
    expect([joined.size, inner.memory.mapping[1025]]).toEqual([64, 5])
  })

  test('joins a delay', async () => {
    const { provider } = await open('delay:x?writeDelayMs=4')
    expect(await joinAs(delayPlugin, provider)).toMatchObject({ delaysMs: { writeDelayMs: 4 } })
  })

  test.each([faultPlugin, tracePlugin])('cannot join where $name is', (plugin) => {
    expect('join' in plugin).toBe(false)
  })

  test.each([readOnlyPlugin, offsetPlugin, delayPlugin])(
    'is refused a foreign share by $name',
    async (plugin) => {
      const joinInner = (): never => expect.fail('it was joined')
      const foreign = plugin.join?.({ scheme: 'mem', handle: { inner: {}, options: {} } }, { joinInner })
      await expect(foreign).rejects.toThrow(TypeError)
      const empty = plugin.join?.({ scheme: plugin.schemes[0] ?? '', handle: {} }, { joinInner })
      await expect(empty).rejects.toThrow(TypeError)
    },
  )
})
