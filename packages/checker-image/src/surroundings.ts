/** What is around a BTT: the label area of an NVDIMM at the end, the header of a libpmemblk pool at the beginning. */
import type { Sleepable } from '@bttkit/interfaces'
import {
  LABEL_INDEX_PROBE_BYTES,
  MOST_LABEL_BYTES,
  LABEL_PROBE_BYTES,
  NULL_UUID,
  POOL_BTT_OFFSET,
  decodeNamespaceLabels,
  decodePoolHeader,
  hasKnownPoolFormat,
  hasPoolChecksum,
  infoFieldOffset,
  isLabelArea,
  isLabelAreaStart,
  labelAreaCandidates,
  unwrittenPoolRanges,
  type BttCandidate,
  type NamespaceLabels,
  type PoolHeader,
} from '@bttkit/btt-format'
import type { FindingLog } from './finding-log.ts'
import type { ImageReader } from './image-reader.ts'

export interface Surroundings {
  /** Byte of the storage where the namespace ends. */
  readonly end: number
  /** Absent where there is no label area. */
  readonly labels: NamespaceLabels | undefined
  /** Of the namespaces that the BTT may be in, each once; absent where nothing tells. */
  readonly namespaceUuids: readonly string[] | undefined
  readonly pool: { readonly header: PoolHeader; readonly bytes: Uint8Array } | undefined
}

/** Where the label area of an NVDIMM begins, by its first index block. */
function* findLabelArea(reader: ImageReader): Sleepable<number | undefined> {
  for (const start of labelAreaCandidates(reader.size)) {
    const bytes = yield* reader.read(start, LABEL_PROBE_BYTES, 'info')
    if (bytes !== undefined && isLabelAreaStart(bytes)) return start
  }
  return undefined
}

/** The labels of an NVDIMM, and where their area begins, also where the first index block is damaged. */
export function* readLabels(reader: ImageReader): Sleepable<Pick<Surroundings, 'end' | 'labels'>> {
  for (const start of labelAreaCandidates(reader.size)) {
    const bytes = yield* reader.read(start, LABEL_INDEX_PROBE_BYTES, 'info')
    if (bytes !== undefined && isLabelArea(bytes))
      return { end: start, labels: yield* readLabelArea(reader, start) }
  }
  return { end: reader.size, labels: undefined }
}

function* readLabelArea(reader: ImageReader, start: number): Sleepable<NamespaceLabels | undefined> {
  const bytes = yield* reader.read(start, Math.min(reader.size - start, MOST_LABEL_BYTES), 'info')
  return bytes && decodeNamespaceLabels(bytes)
}

/** Reads what is around the BTT. Reports nothing: it may turn out to be the content of something else. */
export function* readSurroundings(reader: ImageReader): Sleepable<Surroundings> {
  const { namespaceUuid } = reader
  // What looks like a label area at the end of a namespace is content of it.
  const area = namespaceUuid === undefined ? yield* findLabelArea(reader) : undefined
  const end = area ?? reader.size
  const bytes = yield* reader.read(0, POOL_BTT_OFFSET, 'info')
  const header = bytes && decodePoolHeader(bytes)
  const labels = area === undefined ? undefined : yield* readLabelArea(reader, area)
  const uuidsOfLabels = labels && [...new Set(labels.labels.map(({ uuid }) => uuid))]
  return {
    end,
    labels,
    namespaceUuids: namespaceUuid === undefined ? uuidsOfLabels : [namespaceUuid],
    pool: bytes && header && { header, bytes },
  }
}

/** Reports what is wrong with the pool header in front of the BTT, if there is one. */
export function reportPool(log: FindingLog, { pool }: Surroundings, { offset, info }: BttCandidate): void {
  if (pool === undefined || offset !== POOL_BTT_OFFSET) return
  if (!hasPoolChecksum(pool.bytes))
    log.add('pool-header', () => ({
      offset: 0,
      message: 'the header of the pool does not have its checksum',
    }))
  if (!hasKnownPoolFormat(pool.bytes))
    log.add('pool-header', () => ({
      offset: 0,
      message:
        'the header of the pool is of a version, or has features, that libpmemblk does not know; it does not open it',
    }))
  const { blockSize } = pool.header
  if (blockSize !== info.externalLbasize) {
    const message = `the pool has blocks of ${blockSize} bytes, and its BTT sectors of ${info.externalLbasize}`
    log.add('pool-block-size', () => ({ offset: 4096, message }))
  }
}

/** Reports a parent UUID that is not that of the namespace or pool around the BTT. @param index of the arena */
export function reportParent(
  log: FindingLog,
  { pool, namespaceUuids }: Surroundings,
  index: number,
  { offset, info }: BttCandidate,
  namespaceOffset: number,
): void {
  const { parentUuid } = info
  const add = (problem: string): void =>
    log.add('parent-uuid', () => ({
      arena: index,
      offset: offset + infoFieldOffset('parentUuid'),
      message: `arena ${index} has the parent UUID ${parentUuid}, and ${problem}`,
    }))
  if (pool !== undefined && namespaceOffset === POOL_BTT_OFFSET) {
    // libpmemblk takes a BTT with another one for none, and lays out a new one over it.
    const { poolsetUuid } = pool.header
    if (parentUuid !== poolsetUuid) add(`the pool around it is ${poolsetUuid}`)
  } else if (parentUuid !== NULL_UUID && namespaceUuids?.includes(parentUuid) !== true) {
    add(namespaceUuids === undefined ? 'nothing around it has that UUID' : 'no label has that UUID')
  }
}

/** Whether the storage is a libpmemblk pool that was never written. One of which a part cannot be read was. */
export function* isUnwrittenPool(reader: ImageReader, { end, pool }: Surroundings): Sleepable<boolean> {
  if (pool === undefined) return false
  for (const { offset, length } of unwrittenPoolRanges(reader.size, end, pool.header)) {
    const bytes = yield* reader.read(offset, length, 'info')
    if (bytes?.every((byte) => byte === 0) !== true) return false
  }
  return true
}
