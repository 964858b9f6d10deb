/** One image on several threads, each with a stack of its own. */
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  ClosedError,
  ImageLockedError,
  ProviderOpenError,
  ProviderUrlError,
  type BttDevice,
  type ProviderPlugin,
} from '@bttkit/interfaces'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAsync } from '@bttkit/sleepable'
import { MIB, recording } from './recording-provider.test-support.ts'
import { newPath } from './scratch.test-support.ts'
import { runJoining, type JoiningJob } from './share-image.test-support.ts'
import { createStack, type Stack } from './stack.ts'

const SIZE = 17 * MIB

function closeAfterTest(device: BttDevice): BttDevice {
  onTestFinished(() => device.close())
  return device
}

/** An image that is made and attached for threads. */
async function openForThreads(stack: Stack, image: string): Promise<BttDevice> {
  const provider = await stack.openProvider(image, { readOnly: false, createSizeBytes: SIZE, threads: true })
  await runAsync(stack.engine().create(provider))
  return closeAfterTest(await stack.attachImage(provider, { threads: true }))
}

/** The byte that each sector is full of; undefined where it is not full of one. */
async function marks(device: BttDevice, lbas: readonly number[]): Promise<(number | undefined)[]> {
  const found: (number | undefined)[] = []
  for (const lba of lbas) {
    const sector = new Uint8Array(device.sectorSize)
    await device.read(lba, sector)
    found.push(sector.every((byte) => byte === sector[0]) ? sector[0] : undefined)
  }
  return found
}

const images: [string, () => string][] = [
  ['memory', () => 'mem:'],
  ['a file', () => newPath()],
  ['memory with a sleeping flush', () => 'sleeping-flush:mem:?flushDelayMs=1'],
  ['a file with a sleeping flush', () => `sleeping-flush:${newPath()}?flushDelayMs=1`],
]

describe.each(images)('over %s', (_, image) => {
  const lbas = [0, 1, 2, 3, 500, 501, 1000, 2000]

  test.each<JoiningJob['drive']>(['blocking', 'asynchronous'])(
    'what a thread that joins writes, %s, who opened it reads',
    async (drive) => {
      const stack = createStack()
      const device = await openForThreads(stack, image())
      const share = stack.shareImage(device)
      await runJoining({ share, mark: 0xa5, lbas, drive })
      expect(await marks(device, lbas)).toEqual(lbas.map(() => 0xa5))
    },
  )

  test('two threads and who opened it write at the same time', async () => {
    const stack = createStack()
    const device = await openForThreads(stack, image())
    const share = stack.shareImage(device)
    const own = lbas.map((lba) => lba + 10)
    const others = lbas.map((lba) => lba + 20)
    const threads = [
      runJoining({ share, mark: 1, lbas, drive: 'blocking' }),
      runJoining({ share, mark: 2, lbas: others, drive: 'asynchronous' }),
    ]
    for (const lba of own) await device.write(lba, new Uint8Array(device.sectorSize).fill(3))
    await Promise.all(threads)
    const expected = [...lbas.map(() => 1), ...others.map(() => 2), ...own.map(() => 3)]
    expect(await marks(device, [...lbas, ...others, ...own])).toEqual(expected)
  })
})

test('openImage attaches for threads, and tells the storage', async () => {
  const { plugin, openings } = recording()
  const stack = createStack({ plugins: [plugin] })
  await stack.createImage('recording:')
  const device = closeAfterTest(await stack.openImage('recording:', { threads: true }))
  expect(openings.at(-1)).toMatchObject({ threads: true })
  expect(device.share()).toMatchObject({ image: 'recording' })
})

test('a file that was removed can still be joined', async () => {
  const path = newPath()
  const stack = createStack()
  await stack.createImage(path, { sizeBytes: SIZE })
  const device = closeAfterTest(await stack.openImage(path, { threads: true }))
  const share = stack.shareImage(device)
  rmSync(path)
  await runJoining({ share, mark: 7, lbas: [9], drive: 'blocking' })
  expect(await marks(device, [9])).toEqual([7])
})

test('who joins takes no lock and gives none up', async () => {
  const path = newPath()
  const stack = createStack()
  await stack.createImage(path, { sizeBytes: SIZE })
  const device = closeAfterTest(await stack.openImage(path, { threads: true }))
  await runJoining({ share: stack.shareImage(device), mark: 7, lbas: [9], drive: 'blocking' })
  await expect(createStack().openImage(path)).rejects.toThrow(ImageLockedError)
})

describe('shareImage refuses, and says why,', () => {
  test('a device that another stack attached', async () => {
    const device = await openForThreads(createStack(), 'mem:')
    const sharing = (): unknown => createStack().shareImage(device)
    expect(sharing).toThrow(TypeError)
    expect(sharing).toThrow('only the stack that attached')
  })

  test('a device that was joined', async () => {
    const stack = createStack()
    const share = stack.shareImage(await openForThreads(stack, 'mem:'))
    const joined = closeAfterTest(await stack.joinImage(share))
    expect(() => stack.shareImage(joined)).toThrow(TypeError)
  })

  test('a device that is not for threads', async () => {
    const path = newPath()
    const stack = createStack()
    await stack.createImage(path, { sizeBytes: SIZE })
    const device = closeAfterTest(await stack.openImage(path))
    expect(() => stack.shareImage(device)).toThrow(TypeError)
  })

  test('a device that was closed', async () => {
    const stack = createStack()
    const device = await openForThreads(stack, 'mem:')
    await device.close()
    expect(() => stack.shareImage(device)).toThrow(ClosedError)
  })

  test('storage that one thread has to itself', async () => {
    const { plugin } = recording()
    const stack = createStack({ plugins: [plugin] })
    await stack.createImage('recording:')
    const device = closeAfterTest(await stack.openImage('recording:', { threads: true }))
    const sharing = (): unknown => stack.shareImage(device)
    expect(sharing).toThrow(TypeError)
    expect(sharing).toThrow('only one thread can have this memory')
  })

  test('storage that knows nothing of threads', async () => {
    const stack = createStack()
    const provider = Object.assign(new MemoryProvider({ size: SIZE }, 'plain'), { share: undefined })
    await runAsync(stack.engine().create(provider))
    const device = closeAfterTest(await stack.attachImage(provider, { threads: true }))
    const sharing = (): unknown => stack.shareImage(device)
    expect(sharing).toThrow(TypeError)
    expect(sharing).toThrow('plain: this storage has no way')
  })
})

describe('joinImage', () => {
  test('closes the storage when the engine refuses', async () => {
    const { plugin, log } = recording()
    const joining: ProviderPlugin = {
      ...plugin,
      join: async () => {
        log.push('join')
        return plugin.open(
          { scheme: 'recording', path: '', values: {}, url: 'recording:' },
          { readOnly: false },
          { openInner: () => expect.fail('it is no layer') },
        )
      },
    }
    const stack = createStack({ plugins: [joining] })
    const share = stack.shareImage(await openForThreads(stack, 'mem:'))
    const notTheEngines = { ...share.device, description: 'something else' }
    const attempt = stack.joinImage({ provider: { scheme: 'recording', handle: 0 }, device: notTheEngines })
    await expect(attempt).rejects.toThrow(TypeError)
    expect(log).toEqual(['join', 'open', 'close'])
  })

  test('refuses an image that was closed meanwhile', async () => {
    const stack = createStack()
    const device = await openForThreads(stack, 'mem:')
    const share = stack.shareImage(device)
    await device.close()
    await expect(createStack().joinImage(share)).rejects.toThrow(ClosedError)
  })

  test('refuses a file that is gone', async () => {
    const path = newPath()
    const stack = createStack()
    const device = await openForThreads(stack, path)
    const share = stack.shareImage(device)
    await device.close()
    renameSync(path, `${path}.old`)
    writeFileSync(path, '')
    await expect(createStack().joinImage(share)).rejects.toThrow(ProviderOpenError)
  })

  test('refuses a scheme that this stack does not have', async () => {
    const stack = createStack()
    const share = stack.shareImage(await openForThreads(stack, 'mem:'))
    const other = { ...share, provider: { scheme: 'remote', handle: undefined } }
    await expect(stack.joinImage(other)).rejects.toThrow(ProviderUrlError)
  })

  test('refuses a plugin that cannot join', async () => {
    const stack = createStack({ plugins: [recording().plugin] })
    const share = stack.shareImage(await openForThreads(stack, 'mem:'))
    const other = { ...share, provider: { scheme: 'recording', handle: undefined } }
    await expect(stack.joinImage(other)).rejects.toThrow("the provider 'recording' cannot open")
  })
})
