/** A layer over storage in which a torn write damages what lies beside it, and that does one thing at a time. */
import { defineProviderPlugin, type PmemProvider } from '@bttkit/interfaces'

function weakened(inner: PmemProvider): PmemProvider {
  return {
    name: inner.name,
    size: inner.size,
    readOnly: inner.readOnly,
    capabilities: { ...inner.capabilities, damagesNeighbours: true, maxWritesInFlight: 1 },
    read: (offset, target) => inner.read(offset, target),
    write: (offset, source) => inner.write(offset, source),
    flush: () => inner.flush(),
    lock: (mode) => inner.lock?.(mode),
    close: () => inner.close(),
  }
}

export const providerPlugin = defineProviderPlugin({
  name: 'weak',
  schemes: ['weak'],
  isLayer: true,
  parameters: {},
  open: async (_, __, host) => weakened(await host.openInner()),
})
