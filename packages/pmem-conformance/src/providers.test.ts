import { describe, expect, test } from 'vitest'
import { SleepingFlushProvider } from '@bttkit/pmem-sleeping-flush'
import { collect } from './collect.test-support.ts'
import type { ConformanceOptions, StorageFactory } from './index.ts'
import { fileStorage, layered, memoryStorage, type ReopenableFactory } from './providers.test-support.ts'

const sleepingOver = (factory: ReopenableFactory): StorageFactory =>
  layered(factory, (inner) => new SleepingFlushProvider(inner, { flushDelayMs: 1 }))

const FILE_FLUSHES = [
  ['asynchronous', false],
  ['blocking', true],
] as const

const PROVIDERS: [string, Omit<ConformanceOptions, 'test'>][] = [
  ['memory', { factory: memoryStorage }],
  ['sleeping flush over memory', { factory: sleepingOver(memoryStorage) }],
  ...FILE_FLUSHES.flatMap(([name, blocking]): [string, Omit<ConformanceOptions, 'test'>][] => [
    [`file, ${name}`, { factory: fileStorage(blocking), largeSizeBytes: 2 ** 33 }],
    [`sleeping flush over a file, ${name}`, { factory: sleepingOver(fileStorage(blocking)) }],
  ]),
]

/** Each provider is run as a whole; what its capabilities do not claim cannot be tested, and is counted instead of skipped. */
describe.each(PROVIDERS)('%s', async (_, options) => {
  const results = await collect(options)

  test.each(results.filter(({ skipReason }) => skipReason === undefined))('$name', ({ failure }) => {
    expect(failure).toBeUndefined()
  })

  test('most tests apply, and the others say why not', () => {
    const leftOut = results.filter(({ skipReason }) => skipReason !== undefined)
    expect(leftOut.length).toBeLessThan(results.length / 2)
    for (const { skipReason } of leftOut) expect(skipReason).toMatch(/\w+ \w+/)
  })
})
