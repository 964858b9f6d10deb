import { expect, test } from 'vitest'
import type { ProviderCapabilities } from '@bttkit/interfaces'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { mergesFlogHalves, whyUnsafeToWrite } from './storage-use.ts'

test.each([
  [true, 4096, true],
  [true, 4096 + 16, false],
  [false, 4096, false],
])(
  'the halves of a flog entry: same line ordered %s, flog at %d, merged %s',
  (sameLineOrdered, start, merged) => {
    expect(mergesFlogHalves({ sameLineOrdered }, start)).toBe(merged)
  },
)

test.each<[Partial<ProviderCapabilities>, string | undefined]>([
  [{}, undefined],
  [{ mayWait: true, flush: 'sleeps' }, undefined],
  [{ damagesNeighbours: true }, 'a torn write can damage its neighbours'],
  [{ atomicWriteBytes: 4 }, 'writes of 8 bytes can be torn here (atomicWriteBytes is 4)'],
  [{ tearGranularityBytes: 1 }, 'a larger write can be torn inside 4 bytes'],
])('storage with %o is refused for writing, without its name: %s', (change, reason) => {
  const memory = new MemoryProvider({ size: 4096 }, 'memory')
  const capabilities = { ...memory.capabilities, ...change }
  const refusal = whyUnsafeToWrite(Object.create(memory, { capabilities: { value: capabilities } }))
  if (reason === undefined) expect(refusal).toBeUndefined()
  else expect(refusal?.startsWith(reason)).toBe(true)
})
