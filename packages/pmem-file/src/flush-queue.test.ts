import { expect, test } from 'vitest'
import {
  CannotBlockError,
  ClosedError,
  ProviderIoError,
  type MaybeSleep,
  type Wait,
} from '@bttkit/interfaces'
import { FileProvider, systemCalls, type FileProviderOptions } from './index.ts'
import { makeFile } from './scratch.test-support.ts'
import { systemFailure, systemWith } from './system.test-support.ts'

/** A provider whose fdatasync ends when the test says so. */
function openControlled(options: FileProviderOptions = {}) {
  const running: ((error: Error | null) => void)[] = []
  const counts = { started: 0, blocking: 0 }
  let blockingFailure: Error | undefined
  const system = systemWith({
    fdatasync(_fd, done) {
      counts.started++
      running.push(done)
    },
    fdatasyncSync() {
      counts.blocking++
      if (blockingFailure !== undefined) throw blockingFailure
    },
  })
  const path = makeFile(4096)
  return {
    path,
    counts,
    provider: FileProvider.open(path, { ...options, system }),
    end: (error: Error | null = null): void => {
      const done = running.shift()
      if (done === undefined) throw new Error('no fdatasync is under way')
      done(error)
    },
    failBlocking: (error: Error): void => {
      blockingFailure = error
    },
  }
}

function waiting(wait: MaybeSleep): Wait {
  if (wait === undefined) throw new Error('this call should wait')
  return wait
}

const flush = (provider: FileProvider): Wait => waiting(provider.flush())

/** Begins the wait, and notes how it ends. */
function begin(wait: Wait): { state: 'pending' | 'over' | 'failed'; error?: unknown } {
  const outcome: { state: 'pending' | 'over' | 'failed'; error?: unknown } = { state: 'pending' }
  const note = (state: 'over' | 'failed', error?: unknown): void => {
    outcome.state = state
    outcome.error = error
  }
  void wait.then(
    () => note('over'),
    (error: unknown) => note('failed', error),
  )
  return outcome
}

/** Lets all promises that can go on do so. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('really flushes, asynchronously and on the thread', async () => {
  const real = { asynchronous: 0, blocking: 0 }
  const system = systemWith({
    fdatasync(fd, done) {
      real.asynchronous++
      systemCalls.fdatasync(fd, done)
    },
    fdatasyncSync(fd) {
      real.blocking++
      systemCalls.fdatasyncSync(fd)
    },
  })
  const provider = FileProvider.open(makeFile(4096), { system })
  provider.write(0, Uint8Array.of(1, 2, 3))
  await provider.flush()
  provider.write(0, Uint8Array.of(3, 2, 1))
  flush(provider).block?.()
  expect(real).toEqual({ asynchronous: 1, blocking: 1 })
  await provider.close()
})

test('is lazy: nothing starts until somebody waits', async () => {
  const { provider, counts, end } = openControlled()
  const wait = flush(provider)
  expect(wait.on).toEqual({ object: 'provider', kind: 'flush', start: 0, end: 4096 })
  expect(counts.started).toBe(0)
  const outcome = begin(wait)
  expect(counts.started).toBe(1)
  await settle()
  expect(outcome.state).toBe('pending')
  end()
  await settle()
  expect(outcome.state).toBe('over')
  await provider.close()
})

test('flushes asked for before one starts share it', async () => {
  const { provider, counts, end } = openControlled()
  const outcomes = Array.from({ length: 64 }, () => flush(provider)).map((wait) => begin(wait))
  expect(counts.started).toBe(1)
  end()
  await settle()
  expect(outcomes.every(({ state }) => state === 'over')).toBe(true)
  await provider.close()
})

test('flushes asked for while one is under way share the next one', async () => {
  const { provider, counts, end } = openControlled()
  const first = begin(flush(provider))
  const later = [begin(flush(provider)), begin(flush(provider))]
  expect(counts.started).toBe(1)
  end()
  await settle()
  expect(first.state).toBe('over')
  expect(later.map(({ state }) => state)).toEqual(['pending', 'pending'])
  expect(counts.started).toBe(2)
  end()
  await settle()
  expect(later.map(({ state }) => state)).toEqual(['over', 'over'])
  expect(counts.started).toBe(2)
  await provider.close()
})

test('a flush that another one covered meanwhile is over', async () => {
  const { provider, counts, end } = openControlled()
  const late = flush(provider)
  begin(flush(provider))
  end()
  late.block?.()
  expect(begin(late).state).toBe('pending')
  await settle()
  expect(counts).toEqual({ started: 1, blocking: 0 })
  await provider.close()
})

test('waiting twice for one flush is one flush', async () => {
  const { provider, counts, end } = openControlled()
  const wait = flush(provider)
  const outcomes = [begin(wait), begin(wait)]
  end()
  await settle()
  expect(outcomes.map(({ state }) => state)).toEqual(['over', 'over'])
  expect(counts.started).toBe(1)
  await provider.close()
})

test('blocks on the thread, unless the event loop has to turn first', async () => {
  const { provider, counts, end } = openControlled()
  flush(provider).block?.()
  expect(counts).toEqual({ started: 0, blocking: 1 })
  begin(flush(provider))
  expect(() => flush(provider).block?.()).toThrow(CannotBlockError)
  end()
  flush(provider).block?.()
  expect(counts).toEqual({ started: 1, blocking: 2 })
  await provider.close()
})

test('opened blocking, it is over when the call returns', () => {
  const { provider, counts } = openControlled({ blocking: true })
  expect(provider.flush()).toBeUndefined()
  expect(counts).toEqual({ started: 0, blocking: 1 })
  expect(provider.close()).toBeUndefined()
})

test('after a failure every flush and every write fails, and reading goes on', async () => {
  const { provider, path, counts, end } = openControlled()
  const before = flush(provider)
  const failing = begin(flush(provider))
  const following = begin(flush(provider))
  end(systemFailure('EIO'))
  await settle()
  expect(failing).toMatchObject({ state: 'failed', error: { code: 'BTT_PROVIDER_IO', errno: 'EIO' } })
  expect(following.state).toBe('failed')
  const sticky = expect.objectContaining({
    code: 'BTT_PROVIDER_IO',
    errno: 'EIO',
    cause: failing.error,
    place: { image: path },
  })
  expect(() => provider.flush()).toThrow(sticky)
  expect(() => provider.write(0, Uint8Array.of(1))).toThrow(sticky)
  expect(() => provider.zero(0, 1)).toThrow(sticky)
  expect(() => before.block?.()).toThrow(sticky)
  await expect(before).rejects.toEqual(sticky)
  expect(counts).toEqual({ started: 1, blocking: 0 })
  provider.read(0, new Uint8Array(16))
  await provider.close()
})

test('a failure on the thread is kept as well', () => {
  const { provider, counts, failBlocking } = openControlled({ blocking: true })
  failBlocking(systemFailure('ENOSPC'))
  const expected = expect.objectContaining({ code: 'BTT_PROVIDER_IO', errno: 'ENOSPC' })
  expect(() => provider.flush()).toThrow(expected)
  expect(() => provider.flush()).toThrow(expected)
  expect(() => provider.write(0, Uint8Array.of(1))).toThrow(ProviderIoError)
  expect(counts.blocking).toBe(1)
  void provider.close()
})

test('close waits for the flushes that are under way, and refuses the others', async () => {
  const { provider, counts, end } = openControlled()
  const idle = flush(provider)
  const running = begin(flush(provider))
  const queued = begin(flush(provider))
  const closing = begin(waiting(provider.close()))
  expect(() => provider.read(0, new Uint8Array(1))).toThrow(ClosedError)
  end()
  await settle()
  expect([running.state, queued.state, closing.state]).toEqual(['over', 'pending', 'pending'])
  end()
  await settle()
  expect([queued.state, closing.state]).toEqual(['over', 'over'])
  expect(counts.started).toBe(2)
  await provider.close()
  idle.block?.()
})

test('a flush that never began before close fails', async () => {
  const { provider } = openControlled()
  const wait = flush(provider)
  expect(provider.close()).toBeUndefined()
  await expect(wait).rejects.toThrow(ClosedError)
  expect(() => wait.block?.()).toThrow(ClosedError)
})
