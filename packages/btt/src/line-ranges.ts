import type { ByteRange } from '@bttkit/interfaces'

const LINE_BYTES = 64

/**
 * The ranges that one stage of a batch makes durable. What lies in one line, or in neighbouring ones, is one range: storage that persists ranges does so by
 * lines, and what is persisted besides does no harm.
 */
export class LineRanges {
  readonly list: ByteRange[] = []
  private last = { offset: 0, length: 0 }

  /** Bytes of the storage. In ascending order ranges become the fewest. */
  add(offset: number, length: number): void {
    const { last } = this
    const lastLine = Math.floor((last.offset + last.length - 1) / LINE_BYTES)
    if (this.list.length > 0 && offset >= last.offset && Math.floor(offset / LINE_BYTES) <= lastLine + 1) {
      last.length = Math.max(last.length, offset + length - last.offset)
      return
    }
    this.last = { offset, length }
    this.list.push(this.last)
  }
}
