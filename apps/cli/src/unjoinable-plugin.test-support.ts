/** Memory that says it can be shared, and then fails the threads that join. */
import { defineProviderPlugin, type PmemProvider } from '@bttkit/interfaces'

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
      persistBy: 'nothing',
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

export const providerPlugin = defineProviderPlugin({
  name: 'unjoinable',
  schemes: ['unjoinable'],
  // So that it counts as memory that its opening makes; what it names is left alone.
  isLayer: true,
  parameters: {},
  async open() {
    return unjoinableMemory()
  },
  async join() {
    throw new Error('nobody joins')
  },
})
