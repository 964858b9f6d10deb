/** Parts that are wrong on purpose, each in one way: the explorer must find every one of them. */
import type {
  LaneTable,
  LaneWaitOptions,
  LockTable,
  MaybeSleep,
  PmemProvider,
  ReadTracking,
  Sleepable,
} from '@bttkit/interfaces'
import { LocalReadTracking, MutexLaneTable, MutexLocks } from '@bttkit/region-lanes'
import type { ExploredParts } from './explored-device.ts'
import { SECTOR_BYTES } from './explored-image.ts'
import { partsWith } from './lane-scenarios.ts'

const right = (): ExploredParts => partsWith('mutex')

/** Storage that calls back before each call. */
class WatchedStorage implements PmemProvider {
  readonly name: string
  readonly size: number
  readonly readOnly: boolean
  readonly capabilities
  private readonly inner: PmemProvider
  private readonly before: (kind: 'read' | 'write', length: number) => void

  constructor(inner: PmemProvider, before: (kind: 'read' | 'write', length: number) => void) {
    this.inner = inner
    this.name = inner.name
    this.size = inner.size
    this.readOnly = inner.readOnly
    this.capabilities = inner.capabilities
    this.before = before
  }

  read(offset: number, target: Uint8Array): MaybeSleep {
    this.before('read', target.length)
    return this.inner.read(offset, target)
  }

  write(offset: number, source: Uint8Array): MaybeSleep {
    this.before('write', source.length)
    return this.inner.write(offset, source)
  }

  flush(): MaybeSleep {
    return this.inner.flush()
  }

  close(): MaybeSleep {
    return this.inner.close()
  }
}

/** Storage of which the first sector that is read is full of `stale`, whatever was written to it. */
export function readingStale(stale: number): ExploredParts {
  const storage = (memory: PmemProvider): PmemProvider => {
    let isFirst = true
    const forgetful = new WatchedStorage(memory, () => {})
    forgetful.read = (offset, target) => {
      const wait = memory.read(offset, target)
      if (isFirst && target.length === SECTOR_BYTES) target.fill(stale)
      isFirst &&= target.length !== SECTOR_BYTES
      return wait
    }
    return forgetful
  }
  return { ...right(), storage }
}

/** A read tracking that tracks nothing. */
export function withoutReadTracking(): ExploredParts {
  const nothing: ReadTracking = {
    enter: () => undefined,
    leave: () => {},
    isRead: () => false,
    anyRead: () => false,
    *waitUntilUnread() {},
  }
  return { ...right(), readTracking: () => nothing }
}

/** Enters the read tracking when the block is fetched, which is after the second look at the map. */
export function enteringLate(): ExploredParts {
  const late: (() => void)[] = []
  return {
    ...right(),
    storage: (memory) =>
      new WatchedStorage(memory, (kind, length) => {
        if (kind === 'read' && length >= 512) late.shift()?.()
      }),
    readTracking: (words) => {
      const inner = new LocalReadTracking(words)
      return {
        enter: (lane, block) => void late.push(() => inner.enter(lane, block)),
        leave: (lane) => inner.leave(lane),
        isRead: (block) => inner.isRead(block),
        anyRead: () => inner.anyRead(),
        waitUntilUnread: (block) => inner.waitUntilUnread(block),
      }
    },
  }
}

/** A writer that does not wait for readers of its block. */
export function withoutLooking(): ExploredParts {
  return {
    ...right(),
    readTracking: (words) => {
      const inner = new LocalReadTracking(words)
      inner.isRead = () => false
      return inner
    },
  }
}

/** An operation that never leaves the read tracking. */
export function neverLeaving(): ExploredParts {
  return {
    ...right(),
    readTracking: (words) => Object.assign(new LocalReadTracking(words), { leave: () => {} }),
  }
}

/** Map locks that are taken and not given back. */
export function neverUnlocking(): ExploredParts {
  return {
    ...right(),
    lockTable: (words) => Object.assign(new MutexLocks(words, 'map-lock'), { release: () => {} }),
  }
}

/** Map locks that everybody gets. */
export function withoutMapLocks(): ExploredParts {
  const open: LockTable = { lockCount: 4, tryAcquire: () => true, *acquire() {}, release: () => {} }
  return { ...right(), lockTable: () => open }
}

/** Lanes of which the lock is dropped earlier than the engine says. */
class EarlyLanes implements LaneTable {
  readonly laneCount: number
  readonly atomicWhileHeld = false
  readonly isExclusive = true
  private readonly inner: MutexLaneTable
  private held: number[] = []

  constructor(inner: MutexLaneTable) {
    this.inner = inner
    this.laneCount = inner.laneCount
  }

  tryAcquire(hint: number): number | undefined {
    return this.note(this.inner.tryAcquire(hint))
  }

  *acquire(hint: number, options?: LaneWaitOptions): Sleepable<number> {
    const lane = yield* this.inner.acquire(hint, options)
    this.held.push(lane)
    return lane
  }

  turnOf(lane: number): number {
    return this.inner.turnOf(lane)
  }

  release(lane: number): void {
    if (!this.held.includes(lane)) return
    this.held = this.held.filter((other) => other !== lane)
    this.inner.release(lane)
  }

  releaseAll(): void {
    for (const lane of this.held.splice(0)) this.inner.release(lane)
  }

  quarantine(lane: number): void {
    this.release(lane)
  }

  restore(): void {}

  heldCount(): number {
    return this.inner.heldCount()
  }

  private note(lane: number | undefined): number | undefined {
    if (lane !== undefined) this.held.push(lane)
    return lane
  }
}

/** Drops the lane before the first store into the map, which is the only store of four bytes. */
export function releasingBeforeTheMap(): ExploredParts {
  let lanes: EarlyLanes | undefined
  return {
    ...right(),
    laneTable: (words, { policy }) =>
      (lanes = new EarlyLanes(new MutexLaneTable(words.subarray(0, -1), policy))),
    storage: (memory) =>
      new WatchedStorage(memory, (kind, length) => {
        if (kind === 'write' && length === 4) lanes?.releaseAll()
      }),
  }
}
