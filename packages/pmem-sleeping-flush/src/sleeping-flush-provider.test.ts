import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  CannotBlockError,
  ClosedError,
  OutOfRangeError,
  type ByteRange,
  type LockMode,
  type PmemProvider,
  type Wait,
} from '@bttkit/interfaces'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { BareProvider, waitThatEnds } from './inner-provider.test-support.ts'
import { SleepingFlushProvider } from './index.ts'

function overBare(flushDelayMs?: number): { inner: BareProvider; provider: SleepingFlushProvider } {
  const inner = new BareProvider()
  const options = flushDelayMs === undefined ? {} : { flushDelayMs }
  return { inner, provider: new SleepingFlushProvider(inner, options) }
}

/** Begins to wait, as an operation does that awaits it. */
const begin = (wait: Wait): Promise<unknown> => Promise.resolve(wait)

test('it promises what the inner one does, but for a flush that is needed and sleeps', () => {
  const { inner, provider } = overBare()
  const { capabilities } = provider
  expect(Object.isFrozen(capabilities)).toBe(true)
  expect(capabilities).toEqual({
    ...inner.capabilities,
    mayWait: true,
    flush: 'sleeps',
    persistBy: 'a sleep',
    durableOnWrite: false,
  })
  expect([provider.name, provider.size, provider.readOnly]).toEqual(['bare', 64, false])
})

test.each([-1, 1.5, Number.NaN, Infinity, 2 ** 31])('a delay of %d ms is misuse', (flushDelayMs) => {
  expect(() => overBare(flushDelayMs)).toThrow(TypeError)
})

test('a delay of 2 ms is the default', () => {
  expect(overBare().provider.flushDelayMs).toBe(2)
})

describe('awaited', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test('a flush sleeps first and then flushes', async () => {
    const { inner, provider } = overBare(5)
    const flushed = begin(provider.flush())
    await vi.advanceTimersByTimeAsync(4)
    expect(inner.log).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    await flushed
    expect(inner.log).toEqual(['flush'])
  })

  test('a flush that nobody waits for does not begin', async () => {
    const { provider } = overBare(5)
    provider.flush()
    expect(vi.getTimerCount()).toBe(0)
  })

  test('waiting twice for one flush is one flush', async () => {
    const { inner, provider } = overBare(5)
    const wait = provider.flush()
    const both = [begin(wait), begin(wait)]
    await vi.advanceTimersByTimeAsync(5)
    await Promise.all(both)
    expect(inner.log).toEqual(['flush'])
  })

  test('several flushes sleep at once, each its own time', async () => {
    const { inner, provider } = overBare(5)
    const first = begin(provider.flush())
    await vi.advanceTimersByTimeAsync(3)
    const second = begin(provider.flush())
    await vi.advanceTimersByTimeAsync(2)
    await first
    expect(inner.log).toEqual(['flush'])
    await vi.advanceTimersByTimeAsync(3)
    await second
    expect(inner.log).toEqual(['flush', 'flush'])
  })

  test('a delay of 0 waits for a turn of the event loop', async () => {
    const { inner, provider } = overBare(0)
    const flushed = begin(provider.flush())
    await Promise.resolve()
    expect(inner.log).toEqual([])
    await vi.runAllTimersAsync()
    await flushed
    expect(inner.log).toEqual(['flush'])
  })

  test('it is over when the inner flush is, which may wait too', async () => {
    const { inner, provider } = overBare(5)
    let end = (): void => {}
    inner.onFlush = () => new Promise<void>((resolve) => (end = resolve))
    let isOver = false
    const flushed = begin(provider.flush()).then(() => (isOver = true))
    await vi.advanceTimersByTimeAsync(100)
    expect([inner.log, isOver]).toEqual([['flush'], false])
    end()
    await flushed
  })

  test('a flush that sleeps over the close fails', async () => {
    const { provider } = overBare(5)
    const failure = begin(provider.flush()).catch((error: unknown) => error)
    provider.close()
    await vi.advanceTimersByTimeAsync(5)
    expect(await failure).toBeInstanceOf(ClosedError)
  })
})

describe('blocked on', () => {
  test('a flush keeps the thread for its delay and then flushes', () => {
    const { inner, provider } = overBare(30)
    let flushedAt = 0
    inner.onFlush = () => void (flushedAt = performance.now())
    const start = performance.now()
    provider.flush().block?.()
    // A millisecond less, because the two clocks round in their own ways.
    expect(flushedAt - start).toBeGreaterThanOrEqual(29)
  })

  test('an inner flush that waits is blocked on as well', () => {
    const { inner, provider } = overBare(0)
    const innerWait = waitThatEnds()
    const block = vi.spyOn(innerWait, 'block')
    inner.onFlush = () => innerWait
    provider.flush().block?.()
    expect(block).toHaveBeenCalledOnce()
  })

  test('an inner flush that only the event loop ends is refused', () => {
    const { inner, provider } = overBare(0)
    // A failure that nobody hears would end the process, and with it this test.
    inner.onFlush = () => Promise.reject(new Error('the disk'))
    expect(() => provider.flush().block?.()).toThrow(CannotBlockError)
  })
})

test('a flush that was blocked on is over for who awaits it, too', async () => {
  const { inner, provider } = overBare(0)
  const wait = provider.flush()
  wait.block?.()
  await wait
  expect(inner.log).toEqual(['flush'])
})

test('a flush that is awaited cannot be blocked on, until it is over', async () => {
  const { inner, provider } = overBare(0)
  const wait = provider.flush()
  const flushed = begin(wait)
  await Promise.resolve()
  expect(() => wait.block?.()).toThrow(CannotBlockError)
  await flushed
  wait.block?.()
  expect(inner.log).toEqual(['flush'])
})

describe.each([
  [
    'thrown',
    (failure: Error) => () => {
      throw failure
    },
  ],
  ['of its wait', (failure: Error) => () => waitThatEnds(failure)],
])('a failure of the inner flush, %s,', (_, failing) => {
  const failure = new Error('the disk')

  test('rejects the wait', async () => {
    const { inner, provider } = overBare(0)
    inner.onFlush = failing(failure)
    await expect(begin(provider.flush())).rejects.toBe(failure)
    await expect(begin(provider.persist(0, 8))).rejects.toBe(failure)
  })

  test('is thrown to who blocks', () => {
    const { inner, provider } = overBare(0)
    inner.onFlush = failing(failure)
    expect(() => provider.flush().block?.()).toThrow(failure)
    expect(() => provider.persist(0, 8).block?.()).toThrow(failure)
  })
})

test('persist persists the range, where the inner one can', async () => {
  const persisted: number[][] = []
  const inner = Object.assign(new BareProvider(), {
    persist: (offset: number, length: number) => void persisted.push([offset, length]),
  })
  await new SleepingFlushProvider(inner, { flushDelayMs: 0 }).persist(16, 8)
  expect(persisted).toEqual([[16, 8]])
  expect(inner.log).toEqual([])
})

test('persist flushes, where the inner one cannot', async () => {
  const { inner, provider } = overBare(0)
  await provider.persist(16, 8)
  expect(inner.log).toEqual(['flush'])
})

test('its waits say what they are about, and do not know when they are over', () => {
  const { provider } = overBare()
  const waits = [provider.flush(), provider.persist(16, 8)]
  expect(waits.map(({ on }) => on)).toEqual([
    { object: 'provider', kind: 'flush', start: 0, end: 64 },
    { object: 'provider', kind: 'flush', start: 16, end: 24 },
  ])
  expect(waits.filter((wait) => 'ready' in wait)).toEqual([])
})

test('what the inner one has not, this one has not', () => {
  const provider: PmemProvider = overBare().provider
  const optional = [
    'readInto',
    'writeFrom',
    'writeThrough',
    'writeMany',
    'zero',
    'badBlocks',
    'annotate',
    'lock',
    'share',
    'mapping',
  ] as const
  expect(optional.filter((name) => Reflect.get(provider, name) !== undefined)).toEqual([])
})

test('reading, writing and closing are the inner one’s', () => {
  const { inner, provider } = overBare()
  const target = new Uint8Array(2)
  expect(provider.write(8, Uint8Array.of(1, 2))).toBeUndefined()
  expect(provider.read(8, target)).toBeUndefined()
  expect(provider.close()).toBeUndefined()
  expect([...target]).toEqual([1, 2])
  expect(inner.log).toEqual(['write', 'read', 'close'])
})

test('all that is optional goes to the inner one, but for its mapping and writing through', () => {
  const calls: unknown[][] = []
  class FullProvider extends BareProvider {
    readonly mapping = new Uint8Array(64)
    readInto(...rest: unknown[]): undefined {
      this.note('readInto', rest)
    }
    writeFrom(...rest: unknown[]): undefined {
      this.note('writeFrom', rest)
    }
    writeMany(...rest: unknown[]): undefined {
      this.note('writeMany', rest)
    }
    zero(...rest: unknown[]): undefined {
      this.note('zero', rest)
    }
    lock(mode: LockMode): undefined {
      this.note('lock', [mode])
    }
    badBlocks(): ByteRange[] {
      this.note('badBlocks', [])
      return [{ offset: 0, length: 512 }]
    }
    writeThrough(): undefined {
      expect.fail('it would be durable without a sleep')
    }
    private note(name: string, rest: unknown[]): void {
      calls.push([name, ...rest])
    }
  }
  const provider: PmemProvider = new SleepingFlushProvider(new FullProvider())
  const piece = new Uint8Array(8)
  provider.readInto?.(1, piece, 2, 3)
  provider.writeFrom?.(4, piece, 5, 6)
  provider.writeMany?.([])
  provider.zero?.(7, 8)
  provider.lock?.('shared')
  expect(provider.badBlocks?.()).toEqual([{ offset: 0, length: 512 }])
  expect(calls).toEqual([
    ['readInto', 1, piece, 2, 3],
    ['writeFrom', 4, piece, 5, 6],
    ['writeMany', []],
    ['zero', 7, 8],
    ['lock', 'shared'],
    ['badBlocks'],
  ])
  expect(provider.mapping).toBeUndefined()
  expect('writeThrough' in provider).toBe(false)
})

test('a persist beyond the storage is refused at the call, whatever the inner provider would say', () => {
  const provider = new SleepingFlushProvider(new MemoryProvider({ size: 64 }), { flushDelayMs: 0 })
  expect(() => provider.persist(64, 8)).toThrow(OutOfRangeError)
  expect(() => provider.persist(-8, 8)).toThrow(OutOfRangeError)
  expect(() => provider.persist(56, 8)).not.toThrow()
})

test('what a call is for is told just before the inner call, also when others come between', async () => {
  const inner = new BareProvider()
  const told = Object.assign(inner, {
    annotate: (stage: string, lane?: number) => void inner.log.push(`${stage} ${lane}`),
  })
  const provider = new SleepingFlushProvider(told, { flushDelayMs: 0 })
  provider.annotate?.('flog half 0', 3)
  const flushed = begin(provider.flush())
  provider.annotate?.('map', 4)
  provider.write(0, new Uint8Array(4))
  await flushed
  provider.write(0, new Uint8Array(4))
  expect(inner.log).toEqual(['map 4', 'write', 'flog half 0 3', 'flush', 'write'])
})

test('what a refused call was for is not told of the next one', () => {
  const inner = new BareProvider()
  const told = Object.assign(inner, { annotate: (stage: string) => void inner.log.push(stage) })
  const provider = new SleepingFlushProvider(told)
  provider.annotate?.('flog half 0', 3)
  expect(() => provider.persist(64, 8)).toThrow(OutOfRangeError)
  provider.write(0, new Uint8Array(4))
  expect(inner.log).toEqual(['write'])
})

test('how it makes writes durable is told', () => {
  const inner = new BareProvider()
  const file = Object.assign(inner, { capabilities: { ...inner.capabilities, persistBy: 'fdatasync' } })
  expect(new SleepingFlushProvider(file).capabilities.persistBy).toBe('fdatasync after a sleep')
})
