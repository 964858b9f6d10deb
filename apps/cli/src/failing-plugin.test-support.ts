/** A layer of which one flush fails, the first time that it is opened. */
import { defineProviderPlugin, type PmemProvider } from '@bttkit/interfaces'

const FAILING_FLUSH = 300

let hasFailed = false

function failingOnce(inner: PmemProvider): PmemProvider {
  let flushes = 0
  return {
    name: inner.name,
    size: inner.size,
    readOnly: inner.readOnly,
    capabilities: inner.capabilities,
    read: (offset, target) => inner.read(offset, target),
    write: (offset, source) => inner.write(offset, source),
    flush() {
      if (hasFailed || ++flushes < FAILING_FLUSH) return inner.flush()
      hasFailed = true
      throw new Error('the disk is gone')
    },
    lock: (mode) => inner.lock?.(mode),
    close: () => inner.close(),
  }
}

export const providerPlugin = defineProviderPlugin({
  name: 'failing once',
  schemes: ['failing-once'],
  isLayer: true,
  parameters: {},
  open: async (_, __, host) => failingOnce(await host.openInner()),
})
