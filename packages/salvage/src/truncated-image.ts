/** Images of which the end is missing, as where a copy was cut short: what is behind the end counts as lost. */
import {
  BadBlockError,
  type ByteRange,
  type CallStage,
  type MaybeSleep,
  type PmemProvider,
  type Sleepable,
} from '@bttkit/interfaces'
import { INFO_BLOCK_BYTES, probePositions } from '@bttkit/btt-format'
import { readInfoCopy, readSurroundings, usableInfo, type ImageReader } from '@bttkit/checker-image/parts'

/** What a reader needs of storage. */
type Readable = Pick<PmemProvider, 'name' | 'size' | 'read' | 'dataRanges' | 'badBlocks' | 'annotate'>

/** Storage with something behind its end that is lost. */
export class LengthenedStorage implements Readable {
  readonly name: string
  readonly size: number
  private readonly provider: PmemProvider

  constructor(provider: PmemProvider, sizeBytes: number) {
    this.name = provider.name
    this.size = sizeBytes
    this.provider = provider
  }

  read(offset: number, target: Uint8Array): MaybeSleep {
    if (offset + target.length <= this.provider.size) return this.provider.read(offset, target)
    throw new BadBlockError({ image: this.name, offset: this.provider.size }, 'the image ends here')
  }

  dataRanges(offset: number, length: number): readonly ByteRange[] {
    const { size } = this.provider
    const end = offset + length
    const inside = Math.max(0, Math.min(end, size) - offset)
    const known = inside === 0 ? [] : this.stored(offset, inside)
    const start = Math.max(offset, size)
    return start < end ? [...known, { offset: start, length: end - start }] : known
  }

  badBlocks(): readonly ByteRange[] {
    return this.provider.badBlocks?.() ?? []
  }

  annotate(stage: CallStage): void {
    this.provider.annotate?.(stage)
  }

  private stored(offset: number, length: number): readonly ByteRange[] {
    return this.provider.dataRanges?.(offset, length) ?? [{ offset, length }]
  }
}

/**
 * How long an image was by its primary info blocks, if it is shorter now: one that has its checksum, and names sections of which the map at least begins within the image. The map is behind the data, so
 * with less of it no sector could be told from another.
 *
 * @param namespaceOffset where the info block of arena 0 is; absent: probe
 */
export function* sizeBeforeCut(
  reader: ImageReader,
  namespaceOffset: number | undefined,
): Sleepable<number | undefined> {
  const { pool } = yield* readSurroundings(reader)
  for (const position of probePositions(pool?.header, namespaceOffset)) {
    for (let offset = position.offset; offset < reader.size;) {
      const info = usableInfo(yield* readInfoCopy(reader, offset, Number.MAX_SAFE_INTEGER))
      if (info === undefined) break
      const end = offset + info.info2off + INFO_BLOCK_BYTES
      if (end > reader.size) return offset + info.mapoff < reader.size ? end : undefined
      if (info.nextoff === 0) break
      offset += info.nextoff
    }
  }
  return undefined
}
