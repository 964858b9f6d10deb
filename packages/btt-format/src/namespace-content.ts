/** What a namespace holds, by the signatures of those who claim namespaces: BTT, and the two that Linux gives to memory with a map of pages. */
import { INFO_BLOCK_BYTES, decodeInfoBlock, hasInfoSignature } from './info-block.ts'
import { backupOffsetIn } from './probing.ts'

/** `raw`: nobody claims it; a file system may be there, or nothing. A BTT may be damaged. */
export type NamespaceContent = 'btt 1.1' | 'btt 2.0' | 'pfn' | 'dax' | 'raw'

const CLAIM_AT = 4096
const CLAIMS = { pfn: 'NVDIMM_PFN_INFO\0', dax: 'NVDIMM_DAX_INFO\0' } as const

/** Where a namespace says what it holds: bytes at which a page is. Those behind the second are of backups. */
export function contentPlaces(sizeBytes: number): number[] {
  const backups = [0, CLAIM_AT].map((start) => start + backupOffsetIn(sizeBytes - start))
  return [0, CLAIM_AT, ...backups].filter((place) => place >= 0 && place + INFO_BLOCK_BYTES <= sizeBytes)
}

function bttIn(page: Uint8Array | undefined): 'btt 1.1' | 'btt 2.0' | undefined {
  if (page === undefined || !hasInfoSignature(page)) return undefined
  return decodeInfoBlock(page).major < 2 ? 'btt 1.1' : 'btt 2.0'
}

function claimIn(page: Uint8Array | undefined): 'pfn' | 'dax' | undefined {
  const begins = (signature: string): boolean =>
    page !== undefined && new TextEncoder().encode(signature).every((byte, i) => page[i] === byte)
  if (begins(CLAIMS.pfn)) return 'pfn'
  return begins(CLAIMS.dax) ? 'dax' : undefined
}

/** @param pages at `contentPlaces`, in that order; those that cannot be read are undefined */
export function namespaceContent(pages: readonly (Uint8Array | undefined)[]): NamespaceContent {
  const [first, second, ...backups] = pages
  // A claim is destroyed before another one is made, but backups stay.
  return (
    bttIn(first) ??
    bttIn(second) ??
    claimIn(second) ??
    backups.map(bttIn).find((content) => content !== undefined) ??
    'raw'
  )
}
