import { describe, expect, test } from 'vitest'
import { BadBlockError, ProviderIoError, ProviderUrlError } from '@bttkit/interfaces'
import { openLayer } from './layer-host.test-support.ts'

/** The same rules, with all their words. */
const RULES = [
  [
    'as text',
    'flush,error,nth=1;write,short,nth=2,offset=0,length=4k,probability=1.0,errno=ENOSPC,storedBytes=1',
  ],
  [
    'as a list',
    [
      { on: 'flush', effect: 'error', nth: 1 },
      {
        on: 'write',
        effect: 'short',
        nth: 2,
        offset: 0,
        length: 4096,
        probability: 1,
        errno: 'ENOSPC',
        storedBytes: 1,
      },
    ],
  ],
] as const

test.each(RULES)('rules %s', async (_, faults) => {
  const { opening, inner } = openLayer('fault', { faults })
  const provider = await opening
  expect(() => provider.flush()).toThrow(ProviderIoError)
  provider.write(0, Uint8Array.of(1, 1))
  expect(() => provider.write(8, Uint8Array.of(1, 1))).toThrow(expect.objectContaining({ errno: 'ENOSPC' }))
  expect([...inner.memory.mapping.subarray(8, 10)]).toEqual([1, 0])
})

test.each([
  ['write,error,stage=flog half 1,lane=3'],
  [[{ on: 'write', effect: 'error', stage: 'flog half 1', lane: 3 }]],
])('a stage and a lane: %o', async (faults) => {
  const provider = await openLayer('fault', { faults }).opening
  provider.write(0, Uint8Array.of(1))
  provider.annotate?.('flog half 1', 3)
  expect(() => provider.write(0, Uint8Array.of(1))).toThrow(ProviderIoError)
})

test.each([['flush,delay,delayMs=3'], [[{ on: 'flush', effect: 'delay', delayMs: 3 }]]])(
  'a delay: %o',
  async (faults) => {
    const provider = await openLayer('fault', { faults }).opening
    expect(provider.capabilities).toMatchObject({ mayWait: true, flush: 'sleeps' })
  },
)

test.each([
  ['3', [3]],
  ['3..', [3, 4, 5]],
  ['2..4', [2, 3, 4]],
  ['4..4', [4]],
  [3, [3]],
  [{ first: 3 }, [3, 4, 5]],
  [{ first: 2, last: 4 }, [2, 3, 4]],
])('of five flushes nth=%o strikes %o', async (nth, expected) => {
  const faults = typeof nth === 'string' ? `flush,error,nth=${nth}` : [{ on: 'flush', effect: 'error', nth }]
  const provider = await openLayer('fault', { faults }).opening
  const struck = [1, 2, 3, 4, 5].filter(() => {
    try {
      provider.flush()
      return false
    } catch {
      return true
    }
  })
  expect(struck).toEqual(expected)
})

test.each([
  ['512+1,2k+512'],
  [
    [
      { offset: 512, length: 1 },
      { offset: 2048, length: 512 },
    ],
  ],
])('media errors: %o', async (mediaErrors) => {
  const provider = await openLayer('fault', { mediaErrors }).opening
  expect(() => provider.read(2048, new Uint8Array(1))).toThrow(BadBlockError)
  expect(provider.badBlocks?.()).toEqual([
    { offset: 512, length: 512 },
    { offset: 2048, length: 512 },
  ])
})

test('media errors beyond the storage are refused, and the storage closed', async () => {
  const { opening, inner } = openLayer('fault', { mediaErrors: '4k+1' })
  await expect(opening).rejects.toThrow(ProviderUrlError)
  expect(inner.calls).toEqual([['close']])
})

describe('refused is', () => {
  test.each([
    ['', 'a fault begins with one of read, write, flush'],
    ['lock,error', 'a fault begins with one of read, write, flush'],
    ['write', 'what a fault does is one of error, short, torn, crash, delay'],
    ['write,slow', 'what a fault does is one of error, short, torn, crash, delay'],
    ['read,torn', 'only a write can be short or torn'],
    ['write,error,storedBytes=1', "only a short or torn write has 'storedBytes'"],
    ['write,error,nth=0', "'nth' is a whole number from 1"],
    ['write,error,nth=', "'nth' is a whole number from 1"],
    ['write,error,nth=..3', "'nth' is a whole number from 1"],
    ['write,error,nth=3..x', "the end of 'nth' is a whole number from 1"],
    ['write,error,nth=3..4..5', "the end of 'nth' is a whole number from 1"],
    ['write,error,nth=3..2', "'nth' ends before it begins"],
    ['write,error,often=1', 'a fault has no "often"'],
    ['write,error,constructor=1', 'a fault has no "constructor"'],
    ['write,error,__proto__=1', 'a fault has no "__proto__"'],
    ['write,error,on=read', 'a fault has no "second on"'],
    ['write,error,nth=1,nth=2', 'a fault has no "second nth"'],
    ['write,error,probability=2', "'probability' is a number from 0 to 1"],
    ['write,error,probability=1/2', "'probability' is a number from 0 to 1"],
    ['write,error,offset=x', "'offset' is a size"],
    ['write,error,stage=log', "'stage' is one of info, map, data"],
    ['write,error,lane=-1', "'lane' is a whole number from 0"],
    ['write,error,errno=oops', "'errno' is a name"],
    ['write,delay', "a delay has 'delayMs'"],
    ['write,error,delayMs=1', "a delay has 'delayMs'"],
    ['write,delay,delayMs=soon', "'delayMs' is a whole number from 0"],
    ['write,delay,delayMs=1,errno=EIO', "a delay has no 'errno'"],
    [7, 'faults are a text or a list'],
    [['write,error'], '"write,error" is not a fault'],
    [[{ effect: 'error' }], 'a fault needs its "on"'],
    [[{ on: 'write', effect: 'error', nth: { first: 1, next: 2 } }], '\'nth\' has no "next"'],
  ])('the fault %o: %s', async (faults, message) => {
    const { opening } = openLayer('fault', { faults })
    await expect(opening).rejects.toThrow(ProviderUrlError)
    await expect(opening).rejects.toThrow(message)
  })

  test.each([
    ['512', 'the length of a media error is a size'],
    ['512+1+1', 'the length of a media error is a size'],
    ['+1', 'the offset of a media error is a size'],
    [7, 'media errors are a text or a list'],
    [[{ offset: 512 }], 'a media error needs its "length"'],
  ])('the media error %o: %s', async (mediaErrors, message) => {
    const { opening } = openLayer('fault', { mediaErrors })
    await expect(opening).rejects.toThrow(ProviderUrlError)
    await expect(opening).rejects.toThrow(message)
  })
})
