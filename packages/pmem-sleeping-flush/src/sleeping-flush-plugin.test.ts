import { expect, test } from 'vitest'
import { ProviderUrlError, type PmemProvider, type ProviderLocation } from '@bttkit/interfaces'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { sleepingFlushPlugin, type SleepingFlushProvider } from './index.ts'

function location(path: string, parameters: Record<string, string> = {}): ProviderLocation {
  return {
    scheme: 'sleeping-flush',
    path,
    parameters: new Map(Object.entries(parameters)),
    url: `sleeping-flush:${path}`,
  }
}

/** Opens a layer over a memory; which image it asked for. */
async function open(
  ...where: Parameters<typeof location>
): Promise<{ provider: PmemProvider; image: string | undefined }> {
  let image: string | undefined
  const provider = await sleepingFlushPlugin.open(location(...where), {
    readOnly: false,
    openInner: async (inner) => {
      image = inner
      return new MemoryProvider({ size: 64, shared: true })
    },
  })
  return { provider, image }
}

test.each([
  ['a file', 'disk.img', {}, 'file:disk.img'],
  ['a file with a delay', 'disk.img', { flushDelayMs: '7' }, 'file:disk.img'],
  [
    'a file with a parameter of its own',
    'disk.img',
    { flush: 'async', flushDelayMs: '7' },
    'file:disk.img?flush=async',
  ],
  ['a file whose path has signs', 'a b/100%?&=.img', {}, 'file:a b/100%25%3F&=.img'],
  ['a URL', 'mem:', { size: '64MiB', flushDelayMs: '1' }, 'mem:?size=64MiB'],
  ['a URL with a path that has signs', 'file:/x/100%?', {}, 'file:/x/100%25%3F'],
  ['another layer', 'sleeping-flush:file:100%', { flushDelayMs: '1' }, 'sleeping-flush:file:100%25'],
  ['parameters with signs', 'x:', { 'a=&%': 'b=&%' }, 'x:?a%3D%26%25=b=%26%25'],
  ['a path that has a colon behind a slash', './mem:x', {}, 'file:./mem:x'],
])('over %s', async (_, path, parameters: Record<string, string>, expected) => {
  expect((await open(path, parameters)).image).toBe(expected)
})

test.each([
  [{}, 2],
  [{ flushDelayMs: '0' }, 0],
  [{ flushDelayMs: '15' }, 15],
])('with %o flushes sleep %i ms', async (parameters: Record<string, string>, expected) => {
  const { provider } = await open('disk.img', parameters)
  expect((provider as SleepingFlushProvider).flushDelayMs).toBe(expected)
})

test.each(['', '-1', '1.5', '1e3', 'long', '2147483648'])(
  "a delay of '%s' is refused, and nothing is opened",
  async (flushDelayMs) => {
    const opening = sleepingFlushPlugin.open(location('disk.img', { flushDelayMs }), {
      readOnly: false,
      openInner: () => expect.fail('it was opened'),
    })
    await expect(opening).rejects.toThrow(ProviderUrlError)
  },
)

test('a host that opens no inner storage is told so', async () => {
  const opening = sleepingFlushPlugin.open(location('disk.img'), { readOnly: false })
  await expect(opening).rejects.toThrow(TypeError)
  await expect(opening).rejects.toThrow('sleeping-flush:disk.img: this is a layer')
})

test('another thread joins with the same delay, over what it joins under it', async () => {
  const { provider } = await open('mem:', { flushDelayMs: '7' })
  const share = structuredClone(provider.share?.()) ?? expect.fail('it cannot be shared')
  const joined = await sleepingFlushPlugin.join?.(share, {
    joinInner: async (inner) => MemoryProvider.join(inner),
  })
  expect((joined as SleepingFlushProvider).flushDelayMs).toBe(7)
  joined?.write(0, Uint8Array.of(9))
  const target = new Uint8Array(1)
  provider.read(0, target)
  expect(target[0]).toBe(9)
})

test('what is not a share of a sleeping flush is refused', async () => {
  const share = { scheme: 'sleeping-flush', handle: { flushDelayMs: 1 } }
  const joining = sleepingFlushPlugin.join?.(share, { joinInner: () => expect.fail('it was joined') })
  await expect(joining).rejects.toThrow(TypeError)
})
