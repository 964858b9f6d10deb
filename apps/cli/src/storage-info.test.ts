import { expect, test } from 'vitest'
import type { ProviderCapabilities } from '@bttkit/interfaces'
import { describeProvider } from './storage-info.ts'

const mapped: ProviderCapabilities = {
  atomicWriteBytes: 8,
  tearGranularityBytes: 8,
  sameLineOrdered: true,
  damagesNeighbours: false,
  mayWait: false,
  flush: 'immediate',
  persistBy: 'pmem_persist',
  durableOnWrite: false,
  fencing: false,
  maxWritesInFlight: Infinity,
  atomicAccessBytes: 4,
}

/** What is said under a name of storage with these promises. */
function said(name: string, change: Partial<ProviderCapabilities>, logoff = 8192): string | undefined {
  const capabilities = { ...mapped, ...change }
  const provider = { name: 'toy', schemes: ['toy'], capabilities, badBlocks: [] }
  const info = { arenas: [{ offset: 4096, logoff }] }
  return describeProvider(provider, info, undefined).find(([row]) => row === name)?.[1]
}

test.each<[Partial<ProviderCapabilities>, number, string]>([
  [{}, 8192, 'one flush for both: stores to one line of 64 bytes stay in order'],
  [{}, 8208, 'a flush after each: the flog does not lie on lines of 64 bytes'],
  [{ sameLineOrdered: false }, 8192, 'a flush after each'],
  [{ durableOnWrite: true }, 8192, 'no flush: they are stored one after the other'],
  [{ flush: 'none' }, 8192, 'no flush: they are stored one after the other'],
])(
  'with %o and a flog at %d the flog halves are told of as the engine stores them',
  (change, logoff, text) => {
    expect(said('flog halves', change, logoff)).toBe(text)
  },
)

test.each<[Partial<ProviderCapabilities>, string]>([
  [{}, 'pmem_persist'],
  [{ flush: 'sleeps', persistBy: 'fdatasync' }, 'fdatasync, which may wait'],
  [{ flush: 'none' }, 'nothing: the storage is volatile'],
  [{ durableOnWrite: true }, 'nothing has to be: a write is as durable as it gets when it is complete'],
])('%o says by what it is made durable', (change, text) => {
  expect(said('made durable by', change)).toBe(text)
})

test('how many writes at once is said where there is a limit', () => {
  expect(said('at once', {})).toBeUndefined()
  expect(said('at once', { maxWritesInFlight: 1 })).toBe('1 write at most')
})
