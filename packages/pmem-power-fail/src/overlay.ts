/**
 * Changes over a content that never changes.
 *
 * - What was not written is not asked of the content below, also where it lies beside written bytes: to ask may be to decide.
 * - A copy costs nothing until one of both is written. The pages are shared, and so is their table; whoever writes first makes its own.
 */
import type { Hash } from 'node:crypto'
import type { Content } from './content.ts'

const PAGE_BYTES = 512

class Page {
  /** Whoever may write into it; everybody else makes a copy. */
  readonly owner: object
  private readonly bytes = new Uint8Array(PAGE_BYTES)
  /** Of each byte 1 where it was written. */
  private readonly written = new Uint8Array(PAGE_BYTES)
  private isWhole = false

  constructor(owner: object) {
    this.owner = owner
  }

  copyFor(owner: object): Page {
    const copy = new Page(owner)
    copy.bytes.set(this.bytes)
    copy.written.set(this.written)
    copy.isWhole = this.isWhole
    return copy
  }

  write(within: number, source: Uint8Array): void {
    this.bytes.set(source, within)
    this.written.fill(1, within, within + source.length)
    this.isWhole ||= !this.written.includes(0)
  }

  addTo(hash: Hash): void {
    hash.update(this.bytes)
    if (!this.isWhole) hash.update(this.written)
  }

  /** Reads the written bytes from here, and the others from below, where the page begins at `pageStart`. */
  read(below: Content, pageStart: number, within: number, target: Uint8Array): void {
    if (this.isWhole) {
      target.set(this.bytes.subarray(within, within + target.length))
      return
    }
    const end = within + target.length
    for (let at = within; at < end;) {
      const flag = this.written[at]
      let next = at + 1
      while (next < end && this.written[next] === flag) next++
      if (flag === 1) target.set(this.bytes.subarray(at, next), at - within)
      else below.read(pageStart + at, target, at - within, next - at)
      at = next
    }
  }
}

export class Overlay implements Content {
  private readonly below: Content
  private pages: Map<number, Page>
  private isTableShared: boolean
  /** Changes with each copy, so that pages which the copy has are nobody's. */
  private owner: object = {}

  constructor(below: Content) {
    this.below = below
    this.pages = new Map()
    this.isTableShared = false
  }

  /** Another one with the same content. Neither sees what is written to the other from now on. */
  copy(): Overlay {
    const copy = new Overlay(this.below)
    copy.pages = this.pages
    copy.isTableShared = true
    this.isTableShared = true
    this.owner = {}
    return copy
  }

  write(offset: number, source: Uint8Array): void {
    for (let done = 0; done < source.length;) {
      const within = (offset + done) % PAGE_BYTES
      const count = Math.min(PAGE_BYTES - within, source.length - done)
      this.ownPage((offset + done - within) / PAGE_BYTES).write(within, source.subarray(done, done + count))
      done += count
    }
  }

  read(offset: number, target: Uint8Array, start: number, length: number): void {
    if (this.pages.size === 0) {
      this.below.read(offset, target, start, length)
      return
    }
    /** Up to here all is read, or is to be read from below. */
    let done = 0
    /** From here to `done` nothing was written: it is read as one piece. */
    let unread = 0
    const readBelow = (): void => {
      if (unread < done) this.below.read(offset + unread, target, start + unread, done - unread)
    }
    while (done < length) {
      const within = (offset + done) % PAGE_BYTES
      const count = Math.min(PAGE_BYTES - within, length - done)
      const pageStart = offset + done - within
      const page = this.pages.get(pageStart / PAGE_BYTES)
      const at = start + done
      if (page !== undefined) {
        readBelow()
        page.read(this.below, pageStart, within, target.subarray(at, at + count))
        unread = done + count
      }
      done += count
    }
    readBelow()
  }

  /** Feeds what was written here to a hash: the same for the same writes, in whatever order they were made where they do not overlap. */
  addTo(hash: Hash): void {
    for (const [index, page] of [...this.pages].toSorted(([a], [b]) => a - b)) {
      hash.update(`page ${index},`)
      page.addTo(hash)
    }
  }

  private ownPage(index: number): Page {
    if (this.isTableShared) {
      this.pages = new Map(this.pages)
      this.isTableShared = false
    }
    const page = this.pages.get(index)
    if (page?.owner === this.owner) return page
    const own = page?.copyFor(this.owner) ?? new Page(this.owner)
    this.pages.set(index, own)
    return own
  }
}
