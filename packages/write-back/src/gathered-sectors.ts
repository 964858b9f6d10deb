/**
 * The sectors that were written and are not yet on the device.
 *
 * Invariants:
 * - Content never changes: newer content takes the place of older one. So a commit may be under way with it.
 * - A sector may have two contents: one of the commit under way, and fresh one that was written since. Readers see the fresh one, and only the next commit takes it.
 * - Content goes when the device has it durably, or when fresh content of its sector is there and the commit that had it is over. Nothing else takes it away.
 */

/** What a sector shall hold. Without data, zeros; without metadata, its metadata becomes zeros. */
export interface SectorContent {
  readonly data: Uint8Array | undefined
  readonly metadata: Uint8Array | undefined
}

/** Somebody reads the sector on the device, to make new content of the old. */
export interface SectorLoad {
  readonly lba: number
  /** Whether the sector was written since: what is read may be no longer what it was, and the new content may even have gone to the device. */
  isStale: boolean
}

/** What a sector takes of the bound besides its content: about what the tables for it need. */
const BOOKKEEPING_BYTES = 128

function bytesOf(content: SectorContent | undefined): number {
  if (content === undefined) return 0
  return BOOKKEEPING_BYTES + (content.data?.length ?? 0) + (content.metadata?.length ?? 0)
}

export class GatheredSectors {
  private fresh = new Map<number, SectorContent>()
  private committing = new Map<number, SectorContent>()
  private readonly limitBytes: number
  private usedBytes = 0
  private readonly loads = new Set<SectorLoad>()
  private since = 0

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes
  }

  get isEmpty(): boolean {
    return this.usedBytes === 0
  }

  get hasFresh(): boolean {
    return this.fresh.size > 0
  }

  get isHalfFull(): boolean {
    return this.usedBytes * 2 >= this.limitBytes
  }

  /** Of how many sectors there is content. */
  get count(): number {
    return this.fresh.size + this.committing.size
  }

  /** Since when there is fresh content, by the clock of `performance.now`. */
  get freshSinceMs(): number {
    return this.since
  }

  find(lba: number): SectorContent | undefined {
    return this.fresh.get(lba) ?? this.committing.get(lba)
  }

  /** Whether there is room for content of a sector. There always is for that of one alone. */
  hasRoom(lba: number, contentBytes: number): boolean {
    const others = this.usedBytes - bytesOf(this.fresh.get(lba))
    return others === 0 || others + BOOKKEEPING_BYTES + contentBytes <= this.limitBytes
  }

  put(lba: number, content: SectorContent): void {
    if (this.fresh.size === 0) this.since = performance.now()
    this.usedBytes += bytesOf(content) - bytesOf(this.fresh.get(lba))
    this.fresh.set(lba, content)
    for (const load of this.loads) if (load.lba === lba) load.isStale = true
  }

  beginLoad(lba: number): SectorLoad {
    const load = { lba, isStale: false }
    this.loads.add(load)
    return load
  }

  endLoad(load: SectorLoad): void {
    this.loads.delete(load)
  }

  /** Hands all fresh content to a commit, by ascending LBA. The one before must be over. */
  beginCommit(): [lba: number, content: SectorContent][] {
    this.committing = this.fresh
    this.fresh = new Map()
    return [...this.committing].toSorted(([a], [b]) => a - b)
  }

  /** The device has these sectors of the commit, durably. */
  committed(lba: number, count: number): void {
    for (let each = lba; each < lba + count; each++) {
      this.usedBytes -= bytesOf(this.committing.get(each))
      this.committing.delete(each)
    }
  }

  /** What the commit could not bring to the device is fresh again, but where newer content is there. */
  endCommit(): void {
    if (this.fresh.size === 0) this.since = performance.now()
    for (const [lba, content] of this.committing) {
      if (this.fresh.has(lba)) this.usedBytes -= bytesOf(content)
      else this.fresh.set(lba, content)
    }
    this.committing.clear()
  }
}
