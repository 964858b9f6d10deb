import { ReadOnlyError, type PmemProvider } from '@bttkit/interfaces'

/** The storage as rules of others see it: they can neither store nor close it. @param onRead told of each read */
export function readOnlyView(provider: PmemProvider, onRead: () => void): PmemProvider {
  const { name, size, capabilities } = provider
  const refuse = (): never => {
    throw new ReadOnlyError({ image: name }, 'a check stores nothing')
  }
  return {
    name,
    size,
    capabilities,
    readOnly: true,
    read(offset, target) {
      onRead()
      return provider.read(offset, target)
    },
    write: refuse,
    flush: () => undefined,
    close: () => undefined,
    badBlocks: () => provider.badBlocks?.() ?? [],
    dataRanges: (offset, length) => provider.dataRanges?.(offset, length) ?? [{ offset, length }],
  }
}
