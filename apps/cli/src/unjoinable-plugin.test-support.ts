/** Memory that says it can be shared, and then fails the threads that join. */
import type { PmemProvider, ProviderPlugin } from '@bttkit/interfaces'

function unjoinableMemory(): PmemProvider {
  const bytes = new Uint8Array(17 * 2 ** 20)
  return {
    name: 'unjoinable',
    size: bytes.length,
    readOnly: false,
    capabilities: {
      atomicWriteBytes: 8,
      tearGranularityBytes: 8,
      sameLineOrdered: true,
      damagesNeighbours: false,
      mayWait: false,
      flush: 'none',
      durableOnWrite: true,
      fencing: false,
      maxWritesInFlight: Infinity,
      atomicAccessBytes: 0,
    },
    read(offset, target) {
      target.set(bytes.subarray(offset, offset + target.length))
      return undefined
    },
    write(offset, source) {
      bytes.set(source, offset)
      return undefined
    },
    flush: () => undefined,
    close: () => undefined,
    share: () => ({ scheme: 'unjoinable', handle: undefined }),
  }
}

export const providerPlugin: ProviderPlugin = {
  name: 'unjoinable',
  schemes: ['unjoinable'],
  async open() {
    return unjoinableMemory()
  },
  async join() {
    throw new Error('nobody joins')
  },
}
