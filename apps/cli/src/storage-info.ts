/** What `btt info` says of the storage that an image is on. */
import { mergesFlogHalves } from '@bttkit/btt'
import type { ArenaInfo, ByteRange, PmemProvider, ProviderCapabilities } from '@bttkit/interfaces'
import type { ImagePart } from '@bttkit/stack'

/** The `provider` of `btt info --json`. */
export interface ProviderInfo {
  /** Of the plugins, the topmost layer first: `fault over file`. */
  readonly name: string
  readonly schemes: readonly string[]
  /** In JSON an unlimited number is null. */
  readonly capabilities: ProviderCapabilities
  readonly badBlocks: readonly ByteRange[]
}

/** @param parts what the image is made of */
export function providerInfo(provider: PmemProvider, parts: readonly ImagePart[]): ProviderInfo {
  return {
    name: parts.map(({ plugin, scheme }) => plugin ?? scheme).join(' over '),
    schemes: parts.map(({ scheme }) => scheme),
    capabilities: provider.capabilities,
    badBlocks: provider.badBlocks?.() ?? [],
  }
}

function describeFlush({ durableOnWrite, flush, persistBy }: ProviderCapabilities): string {
  if (durableOnWrite) return 'nothing has to be: a write is as durable as it gets when it is complete'
  if (flush === 'none') return 'nothing: the storage is volatile'
  return flush === 'sleeps' ? `${persistBy}, which may wait` : persistBy
}

/** Where the flogs are. A `BttInfo` says it. */
interface FlogPlaces {
  readonly arenas: readonly Pick<ArenaInfo, 'offset' | 'logoff'>[]
}

/** How the two halves of a flog entry are kept in order. */
function describeFlogHalves(capabilities: ProviderCapabilities, { arenas }: FlogPlaces): string {
  const { durableOnWrite, flush, sameLineOrdered } = capabilities
  if (durableOnWrite || flush === 'none') return 'no flush: they are stored one after the other'
  if (!sameLineOrdered) return 'a flush after each'
  return arenas.every(({ offset, logoff }) => mergesFlogHalves(capabilities, offset + logoff))
    ? 'one flush for both: stores to one line of 64 bytes stay in order'
    : 'a flush after each: the flog does not lie on lines of 64 bytes'
}

function describeTearing({ atomicWriteBytes, tearGranularityBytes }: ProviderCapabilities): string {
  return `${atomicWriteBytes} bytes are written whole; more may be torn at multiples of ${tearGranularityBytes}`
}

function describeBadBlocks(badBlocks: readonly ByteRange[]): string {
  if (badBlocks.length === 0) return 'none known'
  const bytes = badBlocks.reduce((sum, { length }) => sum + length, 0)
  const first = badBlocks[0]?.offset ?? 0
  return `${badBlocks.length} known, ${bytes} bytes, the first at byte ${first}`
}

/** The storage for people: names and what there is to say of each. */
export function describeProvider(
  { name, schemes, capabilities, badBlocks }: ProviderInfo,
  info: FlogPlaces,
  refusal: string | undefined,
): [name: string, text: string][] {
  const { maxWritesInFlight } = capabilities
  return [
    ['provider', `${name} (${schemes.map((scheme) => `${scheme}:`).join('')})`],
    ['made durable by', describeFlush(capabilities)],
    ['atomic', describeTearing(capabilities)],
    ['flog halves', describeFlogHalves(capabilities, info)],
    ['writes', refusal === undefined ? 'safe' : `refused, because ${refusal}`],
    ...(maxWritesInFlight === Infinity
      ? []
      : [
          [
            'at once',
            `${maxWritesInFlight} ${maxWritesInFlight === 1 ? 'write' : 'writes'} at most`,
          ] satisfies [string, string],
        ]),
    ['bad blocks', describeBadBlocks(badBlocks)],
  ]
}
