/** The namespaces of an NVDIMM's image, by the labels at its end. Reads only. */
import type { ByteRange, PmemProvider, Sleepable } from '@bttkit/interfaces'
import {
  INFO_BLOCK_BYTES,
  LABEL_INDEX_PROBE_BYTES,
  MOST_LABEL_BYTES,
  contentPlaces,
  decodeNamespaceLabels,
  isLabelArea,
  labelAreaCandidates,
  labelledNamespaces,
  namespaceContent,
  type LabelledNamespace,
  type NamespaceContent,
} from '@bttkit/btt-format'
import { readUnlessLost } from './read-bytes.ts'
import { Storage } from './storage.ts'

/** A namespace, as its label describes it. */
export interface Namespace extends LabelledNamespace {
  /** From 0 on, in the order in which namespaces lie on the NVDIMM. */
  readonly number: number
  /** What it is, by what is in it; absent where it cannot be opened. */
  readonly content: NamespaceContent | undefined
}

/** Where the label area begins, also where its first index block is damaged; the end of the storage where there is none. */
function* findLabelArea(storage: Storage): Sleepable<number> {
  for (const start of labelAreaCandidates(storage.size)) {
    const bytes = yield* readUnlessLost(storage, start, LABEL_INDEX_PROBE_BYTES, 'info')
    if (bytes !== undefined && isLabelArea(bytes)) return start
  }
  return storage.size
}

function* contentOf(storage: Storage, { offset, length }: ByteRange): Sleepable<NamespaceContent> {
  const pages: (Uint8Array | undefined)[] = []
  for (const place of contentPlaces(length))
    pages.push(yield* readUnlessLost(storage, offset + place, INFO_BLOCK_BYTES, 'info'))
  return namespaceContent(pages)
}

/**
 * The namespaces of storage that has a label area, in the order in which they lie on it. None where there is no label area, where it cannot be believed, and
 * where no label is in use: the storage is one namespace then. May sleep where the storage may.
 */
export function* listNamespaces(provider: PmemProvider): Sleepable<readonly Namespace[]> {
  const storage = new Storage(provider)
  const end = yield* findLabelArea(storage)
  const length = Math.min(storage.size - end, MOST_LABEL_BYTES)
  const area = yield* readUnlessLost(storage, end, length, 'info')
  const labels = area && decodeNamespaceLabels(area)
  if (labels === undefined) return []
  const namespaces: Namespace[] = []
  for (const namespace of labelledNamespaces(labels, end)) {
    const { range, problems } = namespace
    const canBeOpened = range !== undefined && problems.length === 0
    const content = canBeOpened ? yield* contentOf(storage, range) : undefined
    namespaces.push({ ...namespace, number: namespaces.length, content })
  }
  return namespaces
}
