/** What storage has to promise before anything is written to it. */
import { expect, test } from 'vitest'
import type { ProviderCapabilities } from '@bttkit/interfaces'
import { runAtomic } from '@bttkit/sleepable'
import { MIB, PassingProvider, engine, freshMemory } from './engine.test-support.ts'

test.each<[keyof ProviderCapabilities, Partial<ProviderCapabilities>]>([
  ['atomicWriteBytes', { atomicWriteBytes: 4 }],
  ['tearGranularityBytes', { tearGranularityBytes: 1 }],
  ['tearGranularityBytes', { tearGranularityBytes: 6 }],
  ['damagesNeighbours', { damagesNeighbours: true }],
])(
  'storage that is too weak in %s (%o) is refused for writing, by that name, and read',
  (name, capabilities) => {
    const memory = freshMemory(17 * MIB)
    const provider = new PassingProvider(memory, capabilities)
    expect(() => runAtomic(engine.attach(provider))).toThrow(
      expect.objectContaining({ code: 'BTT_UNSAFE_PROVIDER', message: expect.stringContaining(name) }),
    )
    expect(() => runAtomic(engine.create(provider, { force: true }))).toThrow(
      expect.objectContaining({ code: 'BTT_UNSAFE_PROVIDER' }),
    )
    runAtomic(engine.attach(provider, { readOnly: true })).atomic.read(0, new Uint8Array(4096))
  },
)

test.each([4, 8, 64, 512])(
  'storage that tears larger writes at multiples of %i bytes is written',
  (bytes) => {
    const provider = new PassingProvider(freshMemory(17 * MIB), { tearGranularityBytes: bytes })
    runAtomic(engine.attach(provider)).atomic.write(0, new Uint8Array(4096))
  },
)
