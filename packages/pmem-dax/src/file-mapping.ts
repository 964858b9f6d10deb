/**
 * A whole file in memory, shared with everybody who maps or opens it.
 *
 * Invariants:
 * - It is unmapped once, and no view of it is reachable from here afterwards: a touch of an unmapped view ends the process.
 * - A view is no longer than every supported Node can address; a longer file has several.
 */
import { ClosedError } from '@bttkit/interfaces'
import { MappedView } from './mapped-view.ts'
import type { NativeCalls } from './native.ts'
import { ioError, openError } from './system-error.ts'

/** Node 20 ends the process over a view that is longer than 4 GiB; offsets below 2^31 are plain integers besides. */
export const VIEW_BYTES = 2 ** 31

/** Leaves an empty buffer, of which nobody can reach the bytes any more, where the JavaScript engine can do so. */
function detach(buffer: ArrayBuffer & { readonly transfer?: (newByteLength: number) => unknown }): void {
  buffer.transfer?.(0)
}

export class FileMapping {
  /** Of the first byte; it begins a page. */
  readonly address: number
  readonly size: number
  /** Whether it is DAX with MAP_SYNC: what left the caches of the processor is durable. */
  readonly synchronous: boolean
  private readonly path: string
  private readonly native: NativeCalls
  private views: readonly MappedView[] | undefined

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
    this.views = makeViews(address, size, native)
  }

  /** All of the bytes, where one view has them. */
  get only(): Uint8Array | undefined {
    return this.views?.length === 1 ? this.views[0]?.bytes : undefined
  }

  get isOpen(): boolean {
    return this.views !== undefined
  }

  /** Copies a range that is within the mapping. @throws {ClosedError} after `unmap`. */
  load(offset: number, target: Uint8Array, start: number, length: number): void {
    for (let done = 0; done < length;) {
      const { view, within, count } = this.piece(offset + done, length - done)
      view.load(within, target, start + done, count)
      done += count
    }
  }

  store(offset: number, source: Uint8Array, start: number, length: number): void {
    for (let done = 0; done < length;) {
      const { view, within, count } = this.piece(offset + done, length - done)
      view.store(within, source, start + done, count)
      done += count
    }
  }

  fillZeros(offset: number, length: number): void {
    for (let done = 0; done < length;) {
      const { view, within, count } = this.piece(offset + done, length - done)
      view.bytes.fill(0, within, within + count)
      done += count
    }
  }

  /** @throws {ProviderIoError} when munmap(2) failed. Does nothing the second time. */
  unmap(): void {
    const { views } = this
    if (views === undefined) return
    this.views = undefined
    for (const { bytes } of views) if (bytes.buffer instanceof ArrayBuffer) detach(bytes.buffer)
    const errno = this.native.unmap(this.address, this.size)
    if (errno !== undefined) throw ioError(this.path, 'unmapping', errno)
  }

  private piece(offset: number, length: number): { view: MappedView; within: number; count: number } {
    const view = this.views?.[Math.floor(offset / VIEW_BYTES)]
    if (view === undefined) throw new ClosedError({ image: this.path }, 'the mapping was closed')
    const within = offset % VIEW_BYTES
    return { view, within, count: Math.min(length, view.bytes.byteLength - within) }
  }
}

function makeViews(address: number, size: number, native: NativeCalls): MappedView[] {
  const views: MappedView[] = []
  for (let from = 0; from < size; from += VIEW_BYTES) {
    views.push(new MappedView(native.view(address + from, Math.min(VIEW_BYTES, size - from))))
  }
  return views
}
