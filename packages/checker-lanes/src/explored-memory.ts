import {
  OutOfRangeError,
  type MaybeSleep,
  type PmemProvider,
  type ProviderCapabilities,
} from '@bttkit/interfaces'

interface Undo {
  readonly offset: number
  readonly before: Uint8Array
}

/** Volatile, and yet every flush is asked for: a flush is a scheduling point. */
const CAPABILITIES: ProviderCapabilities = Object.freeze({
  atomicWriteBytes: 8,
  tearGranularityBytes: 8,
  sameLineOrdered: true,
  damagesNeighbours: false,
  mayWait: false,
  flush: 'immediate',
  persistBy: 'nothing',
  durableOnWrite: false,
  fencing: false,
  maxWritesInFlight: Infinity,
  atomicAccessBytes: 4,
})

/**
 * Memory that can go back to how it was: thousands of runs begin with the same image, and each changes a few hundred bytes of its millions.
 *
 * What was written since `mark`, or since a later point, is taken back by `rollBack`, which costs as much as the writes did.
 */
export class ExploredMemory implements PmemProvider {
  readonly name = 'explored memory'
  readonly size: number
  readonly readOnly = false
  readonly capabilities = CAPABILITIES
  readonly bytes: Uint8Array
  /** Since `mark`, which was called once at least where anything is taken back. */
  private journal: Undo[] | undefined

  constructor(size: number) {
    this.size = size
    this.bytes = new Uint8Array(size)
  }

  /** The present content is the one to go back to. */
  mark(): void {
    this.journal = []
  }

  /** How many writes there were since `mark`. */
  get writeCount(): number {
    return this.journal?.length ?? 0
  }

  /** Everything is as it was after so many writes since `mark`. */
  rollBack(writeCount = 0): void {
    for (const { offset, before } of this.journal?.splice(writeCount).toReversed() ?? [])
      this.bytes.set(before, offset)
  }

  /** The ranges that were written since `mark`. */
  written(): { start: number; end: number }[] {
    return (this.journal ?? []).map(({ offset, before }) => ({ start: offset, end: offset + before.length }))
  }

  read(offset: number, target: Uint8Array): undefined {
    this.checkRange(offset, target.length)
    target.set(this.bytes.subarray(offset, offset + target.length))
  }

  write(offset: number, source: Uint8Array): undefined {
    this.remember(offset, source.length)
    this.bytes.set(source, offset)
  }

  zero(offset: number, length: number): undefined {
    this.remember(offset, length)
    this.bytes.fill(0, offset, offset + length)
  }

  flush(): MaybeSleep {
    return undefined
  }

  /** It has nothing to give up. */
  close(): MaybeSleep {
    return undefined
  }

  private remember(offset: number, length: number): void {
    this.checkRange(offset, length)
    this.journal?.push({ offset, before: this.bytes.slice(offset, offset + length) })
  }

  private checkRange(offset: number, length: number): void {
    if (offset >= 0 && offset + length <= this.size) return
    throw new OutOfRangeError(
      { image: this.name, offset },
      `${length} bytes from there are not within the memory`,
    )
  }
}
