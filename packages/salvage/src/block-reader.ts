/** Reads the contents of blocks, and goes around what the medium has lost. Blocks that follow each other are one read. */
import type { ByteRange, Sleepable } from '@bttkit/interfaces'
import type { Arena, ImageReader } from '@bttkit/checker-image/parts'

/** What is read or handed out at once. */
const BUFFER_BYTES = 2 ** 20

/** Of a block, by its place among those that were read. */
export type LossesByIndex = ReadonlyMap<number, readonly ByteRange[]>

export class BlockReader {
  /** The most blocks that are read at once. */
  readonly capacity: number
  /** Contents one behind the other. */
  readonly contents: Uint8Array
  private readonly reader: ImageReader
  private readonly start: number
  private readonly stride: number
  private readonly contentBytes: number
  /** Blocks with the bytes between them; absent where there are none. */
  private readonly scratch: Uint8Array | undefined

  /** @param contentBytes of each block, from its beginning on, that are wanted */
  constructor(reader: ImageReader, { offset, info }: Arena, contentBytes: number) {
    this.reader = reader
    this.start = offset + info.dataoff
    this.stride = info.internalLbasize
    this.contentBytes = contentBytes
    this.capacity = Math.max(1, Math.floor(BUFFER_BYTES / this.stride))
    this.contents = new Uint8Array(this.capacity * contentBytes)
    const isCompact = this.stride === contentBytes || this.capacity === 1
    this.scratch = isCompact ? undefined : new Uint8Array(this.capacity * this.stride)
  }

  offsetOf(block: number): number {
    return this.start + block * this.stride
  }

  /** The contents of the first `count` blocks that were read. */
  contentOf(from: number, count: number): Uint8Array {
    return this.contents.subarray(from * this.contentBytes, (from + count) * this.contentBytes)
  }

  /** Reads the first `count` of these blocks into `contents`. Returns what is lost of which. */
  *read(blocks: Uint32Array, count: number): Sleepable<LossesByIndex> {
    const losses = new Map<number, ByteRange[]>()
    for (let from = 0; from < count;) {
      let to = from + 1
      while (to < count && blocks[to] === (blocks[to - 1] ?? 0) + 1) to++
      const offset = this.offsetOf(blocks[from] ?? 0)
      for (const lost of yield* this.readRow(offset, from, to - from)) this.note(losses, lost, offset, from)
      from = to
    }
    return losses
  }

  private *readRow(offset: number, from: number, count: number): Sleepable<readonly ByteRange[]> {
    const { reader, scratch, stride, contentBytes } = this
    const target = scratch ?? this.contentOf(from, count)
    const lost = yield* reader.readMost(offset, target, scratch ? count * stride : target.length, 'data')
    if (scratch !== undefined)
      for (let i = 0; i < count; i++)
        this.contents.set(scratch.subarray(i * stride, i * stride + contentBytes), (from + i) * contentBytes)
    return lost
  }

  /** Cuts a loss into those of each block; what lies behind a content is nobody's. */
  private note(losses: Map<number, ByteRange[]>, lost: ByteRange, rowOffset: number, from: number): void {
    const end = lost.offset + lost.length
    for (let at = lost.offset; at < end;) {
      const index = Math.floor((at - rowOffset) / this.stride)
      const block = rowOffset + index * this.stride
      const to = Math.min(end, block + this.contentBytes)
      if (to > at) {
        const ranges = losses.get(from + index) ?? []
        ranges.push({ offset: at, length: to - at })
        losses.set(from + index, ranges)
      }
      at = block + this.stride
    }
  }
}
