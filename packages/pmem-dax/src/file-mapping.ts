/**
 * A whole file in memory, shared with everybody who maps or opens it.
 *
 * Invariants:
 * - It is unmapped once, and no view of it is reachable from here afterwards: a touch of an unmapped view ends the process.
 * - A view is no longer than every supported Node can address; a longer file has several, each made when it is first touched: V8 collects garbage
 *   for every few gigabytes that it is told of, which for all views of a file of 512 GiB takes seconds.
 */
import { ioError, openError } from '@bttkit/image-file'
import { ClosedError, ProviderOpenError } from '@bttkit/interfaces'
import { MappedView } from './mapped-view.ts'
import type { NativeCalls } from './native.ts'

/** What goes into one copy. Far longer ones the C library copies past the caches, out of order with earlier stores to the same lines. */
const COPY_BYTES = 2 ** 17

/** Node 20 ends the process over a view that is longer than 4 GiB; offsets below 2^31 are plain integers besides. */
export const VIEW_BYTES = 2 ** 31

type TransferableBuffer = ArrayBuffer & { readonly transfer?: (newByteLength: number) => unknown }

/** Leaves an empty buffer, of which nobody can reach the bytes any more, where the JavaScript engine can do so. */
function detach(buffer: TransferableBuffer): void {
  buffer.transfer?.(0)
}

/** Whether `detach` does anything. Not on Node 20. */
const CAN_DETACH = 'transfer' in ArrayBuffer.prototype

export class FileMapping {
  /** Of the first byte; it begins a page. */
  readonly address: number
  readonly size: number
  /** Whether it is DAX with MAP_SYNC: what left the caches of the processor is durable. */
  readonly synchronous: boolean
  private readonly path: string
  private readonly native: NativeCalls
  /** In order; undefined when it is unmapped. */
  private views: (MappedView | undefined)[] | undefined
  /** The first of them, while it is mapped. Nearly all calls are for one piece of it, and need no arithmetic then. */
  private first: MappedView | undefined

  /** @param file open, of `size` bytes above 0 @throws {ProviderOpenError} with the errno of mmap(2). */
  constructor(
    file: { readonly path: string; readonly fd: number; readonly size: number },
    readOnly: boolean,
    native: NativeCalls,
  ) {
    const { path, fd, size } = file
    const synchronously = native.map(fd, size, { readOnly, synchronous: true })
    this.synchronous = typeof synchronously === 'number'
    const address = this.synchronous ? synchronously : native.map(fd, size, { readOnly, synchronous: false })
    if (typeof address === 'string') throw openError(path, 'cannot be mapped', address)
    this.address = address
    this.size = size
    this.path = path
    this.native = native
    this.views = Array.from({ length: Math.ceil(size / VIEW_BYTES) }, () => undefined)
    try {
      this.first = this.viewAt(0)
    } catch (cause) {
      native.unmap(address, size)
      const detail = `its ${size} bytes cannot be addressed (ENOMEM)`
      throw new ProviderOpenError({ image: path }, detail, 'ENOMEM', { cause })
    }
  }

  /** All of the bytes, where one view has them, and where it can be taken back from who keeps it. */
  get only(): Uint8Array | undefined {
    return CAN_DETACH && this.views?.length === 1 ? this.viewAt(0).bytes : undefined
  }

  get isOpen(): boolean {
    return this.views !== undefined
  }

  /** Copies a range that is within the mapping. @throws {ClosedError} after `unmap`. */
  load(offset: number, target: Uint8Array, start: number, length: number): void {
    if (this.first !== undefined && isOneCopyOfFirst(offset, length)) {
      this.first.load(offset, target, start, length)
      return
    }
    for (let done = 0; done < length;) {
      const within = (offset + done) % VIEW_BYTES
      const count = countFrom(within, length - done)
      this.viewAt(offset + done).load(within, target, start + done, count)
      done += count
    }
  }

  /** As `load`. The source may be a part of the mapping. */
  store(offset: number, source: Uint8Array, start: number, length: number): void {
    if (this.first !== undefined && isOneCopyOfFirst(offset, length)) {
      this.first.store(offset, source, start, length)
      return
    }
    if (length > COPY_BYTES && source.buffer === this.views?.[0]?.bytes.buffer) {
      // The first copies may store over what the later ones are of.
      this.store(offset, source.slice(start, start + length), 0, length)
      return
    }
    for (let done = 0; done < length;) {
      const within = (offset + done) % VIEW_BYTES
      const count = countFrom(within, length - done)
      this.viewAt(offset + done).store(within, source, start + done, count)
      done += count
    }
  }

  fillZeros(offset: number, length: number): void {
    for (let done = 0; done < length;) {
      const within = (offset + done) % VIEW_BYTES
      const count = countFrom(within, length - done)
      this.viewAt(offset + done).bytes.fill(0, within, within + count)
      done += count
    }
  }

  /** @throws {ProviderIoError} when munmap(2) failed. Does nothing the second time. */
  unmap(): void {
    const { views } = this
    if (views === undefined) return
    this.views = undefined
    this.first = undefined
    for (const view of views) if (view?.bytes.buffer instanceof ArrayBuffer) detach(view.bytes.buffer)
    const errno = this.native.unmap(this.address, this.size)
    if (errno !== undefined) throw ioError({ image: this.path }, 'unmapping', errno)
  }

  private viewAt(offset: number): MappedView {
    const { views } = this
    if (views === undefined) throw new ClosedError({ image: this.path }, 'the mapping was closed')
    const index = Math.floor(offset / VIEW_BYTES)
    return (views[index] ??= this.makeView(index * VIEW_BYTES))
  }

  private makeView(from: number): MappedView {
    return new MappedView(this.native.view(this.address + from, Math.min(VIEW_BYTES, this.size - from)))
  }
}

/** Whether a piece lies in the first view, and goes into one copy. */
function isOneCopyOfFirst(offset: number, length: number): boolean {
  return length <= COPY_BYTES && offset + length <= VIEW_BYTES
}

/** How much of what is left is copied at once, from this byte of a view on. */
function countFrom(within: number, left: number): number {
  return Math.min(left, COPY_BYTES, VIEW_BYTES - within)
}
