import { describe, expect, test } from 'vitest'
import {
  defineProviderPlugin,
  PluginContractError,
  PROVIDER_CONTRACT,
  ProviderOpenError,
  type ProviderPlugin,
} from '@bttkit/interfaces'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { createStack } from './stack.ts'

const sound = new MemoryProvider({ size: 4096 }, 'toy')

/** Opens by a plugin whose `open` is this. */
async function openBy(open: () => unknown): Promise<unknown> {
  const plugin = {
    ...defineProviderPlugin({ name: 'toy', schemes: ['toy'], parameters: {}, open: never }),
    open,
  }
  return createStack({ plugins: [plugin as ProviderPlugin] }).openProvider('toy:x', { readOnly: true })
}

const never = async (): Promise<never> => expect.fail('nothing is opened here')

/** The sound provider but for this. */
const changed = (change: object): unknown =>
  Object.create(sound, Object.fromEntries(Object.entries(change).map(([part, value]) => [part, { value }])))

describe('what a plugin opens', () => {
  test('may be the instance of a class, and need not be promised', async () => {
    expect(await openBy(() => sound)).toBe(sound)
  })

  test.each([undefined, null, 'storage'])('is an object, and not %o', async (opened) => {
    const opening = openBy(async () => opened)
    await expect(opening).rejects.toThrow(PluginContractError)
    await expect(opening).rejects.toThrow("what the provider plugin 'toy' opened is no object")
  })

  test.each([
    ['read', { read: undefined }],
    ['size', { size: undefined }],
    ['size', { size: 2 ** 53 }],
    ['size', { size: -1 }],
    ['size', { size: 4096.5 }],
    ['capabilities', { capabilities: undefined }],
    ['capabilities.persistBy', { capabilities: { ...sound.capabilities, persistBy: undefined } }],
    ['capabilities.flush', { capabilities: { ...sound.capabilities, flush: 'often' } }],
    ['capabilities.atomicWriteBytes', { capabilities: { ...sound.capabilities, atomicWriteBytes: NaN } }],
    ['writeThrough', { writeThrough: true }],
  ])('has a %s as the contract wants it: not %o', async (part, change) => {
    const opening = openBy(async () => changed(change))
    await expect(opening).rejects.toThrow(PluginContractError)
    await expect(opening).rejects.toThrow(
      `what the provider plugin 'toy' opened has no '${part}' as version ${PROVIDER_CONTRACT} of`,
    )
  })

  test('is told all that it lacks', async () => {
    await expect(openBy(async () => changed({ write: 1, flush: null }))).rejects.toThrow(
      "no 'write', 'flush' as",
    )
  })
})

describe('a plugin that fails to open', () => {
  test('with a failure of its own is named, and the failure is the cause', async () => {
    const cause = new RangeError('no luck')
    const opening = openBy(async () => {
      throw cause
    })
    await expect(opening).rejects.toThrow(ProviderOpenError)
    await expect(opening).rejects.toThrow("toy:x: the provider 'toy' failed: no luck")
    await expect(opening).rejects.toMatchObject({ cause, errno: 'EIO' })
  })

  test('because of the system has the errno of that', async () => {
    const opening = openBy(() => {
      throw Object.assign(new Error('no such file'), { errno: -2, code: 'ENOENT' })
    })
    await expect(opening).rejects.toMatchObject({ code: 'BTT_PROVIDER_OPEN', errno: 'ENOENT' })
  })

  test('as the contract says is passed on', async () => {
    const refusal = new ProviderOpenError({ image: 'x' }, 'it is gone', 'ENOENT')
    await expect(openBy(async () => Promise.reject(refusal))).rejects.toBe(refusal)
  })
})
