/**
 * Creation, as one thing: whatever stops it, there is no BTT afterwards or the whole one.
 *
 * 1. Info blocks that are there, primary and backup, are destroyed, and that made durable: an old one must never speak for a half-made arena.
 * 2. The arenas from the last to the second: map and flog, made durable; backup, then primary info block.
 * 3. Arena 0 likewise. Its primary info block is the commit record; before it nobody attaches, because from its backup one attaches read-only, and
 *    only if all arenas are valid.
 */
import { randomUUID } from 'node:crypto'
import {
  AlreadyInUseError,
  AmbiguousBttError,
  InfoBlockError,
  LayoutError,
  NotABttError,
  ReadOnlyError,
  type CreateOptions,
  type MaybeSleep,
  type PmemProvider,
  type Sleepable,
} from '@bttkit/interfaces'
import {
  DEFAULT_NFREE,
  FLOG_GROUP_BYTES,
  INFO_BLOCK_BYTES,
  KERNEL_LBASIZES,
  MIN_ARENA_BYTES,
  NULL_UUID,
  POOL_BTT_OFFSET,
  encodeFlogEntry,
  encodeInfoBlock,
  flogBytes,
  hasInfoSignature,
  initialOffset,
  isUuid,
  layOut,
  mapBytes,
  type ArenaLayout,
} from '@bttkit/btt-format'
import { mightSleep } from '@bttkit/sleepable'
import { findExistingContent } from './existing-content.ts'
import { findBtt, findNamespaceEnd, type FoundArena } from './find-btt.ts'
import { readUnlessLost } from './read-bytes.ts'
import { Storage } from './storage.ts'

/** An arena to be made, and where. */
interface PlacedArena extends ArenaLayout {
  readonly offset: number
}

interface Plan {
  readonly arenas: readonly PlacedArena[]
  readonly namespaceOffset: number
  readonly end: number
  readonly info: {
    uuid: string
    parentUuid: string
    major: number
    minor: number
    externalLbasize: number
    nfree: number
  }
}

function checkOptions(image: string, options: CreateOptions): void {
  const { externalLbasize = 4096, version = '1.1', uuid, parentUuid, namespaceOffset } = options
  if (!KERNEL_LBASIZES.includes(externalLbasize)) {
    throw new LayoutError(
      { image },
      `a sector size of ${externalLbasize} is not known; take one of ${KERNEL_LBASIZES.join(', ')}`,
    )
  }
  if (version !== '1.1' && version !== '2.0')
    throw new LayoutError({ image }, `version ${String(version)} is not known; take 1.1 or 2.0`)
  for (const given of [uuid, parentUuid]) {
    if (given !== undefined && !isUuid(given)) throw new LayoutError({ image }, `${given} is not a UUID`)
  }
  if (
    namespaceOffset !== undefined &&
    (!Number.isSafeInteger(namespaceOffset) || namespaceOffset < 0 || namespaceOffset % 4096 !== 0)
  ) {
    throw new LayoutError({ image }, `a BTT begins at a multiple of 4096 bytes, not at ${namespaceOffset}`)
  }
}

function makePlan(image: string, end: number, options: CreateOptions): Plan {
  const { externalLbasize = 4096, version = '1.1', nfree = DEFAULT_NFREE } = options
  const namespaceOffset = options.namespaceOffset ?? initialOffset(version)
  if (end - namespaceOffset < MIN_ARENA_BYTES) {
    throw new LayoutError(
      { image },
      `${end} bytes are too small for a BTT from byte ${namespaceOffset} on; an arena takes at least ${MIN_ARENA_BYTES} (16 MiB)`,
    )
  }
  let offset = namespaceOffset
  const arenas = layOut({ sizeBytes: end - namespaceOffset, externalLbasize, nfree }).map((arena) => {
    const placed = { ...arena, offset }
    offset += arena.size
    return placed
  })
  const [major, minor] = version === '1.1' ? [1, 1] : [2, 0]
  const { uuid = randomUUID(), parentUuid = NULL_UUID } = options
  return { arenas, namespaceOffset, end, info: { uuid, parentUuid, major, minor, externalLbasize, nfree } }
}

/** Whether an error says what is on the media, and not that they could not be read. */
function isJudgement(error: unknown): boolean {
  return (
    error instanceof NotABttError ||
    error instanceof InfoBlockError ||
    error instanceof AmbiguousBttError ||
    error instanceof LayoutError
  )
}

function endOf(arena: FoundArena): number {
  return arena.offset + arena.info.info2off + INFO_BLOCK_BYTES
}

/** The bytes of 4096-byte blocks in which an info block of the BTT that is there, or of one before it, may be found. */
function* oldInfoBlocks(storage: Storage, plan: Plan): Sleepable<Set<number>> {
  const last = (offset: number): number =>
    Math.floor(offset / INFO_BLOCK_BYTES) * INFO_BLOCK_BYTES - INFO_BLOCK_BYTES
  const blocks = new Set(
    [0, 4096, POOL_BTT_OFFSET, last(plan.end), last(storage.size)].filter((offset) => offset >= 0),
  )
  for (const arena of plan.arenas) blocks.add(arena.offset).add(arena.offset + arena.info2off)
  for (const namespaceOffset of [0, 4096, POOL_BTT_OFFSET]) {
    try {
      const found = yield* findBtt(storage, namespaceOffset)
      if (found.kind === 'unwritten pool') continue
      const { arenas } = found
      // One that ends before the new one begins is none of our business.
      const isApart = arenas.every((arena) => endOf(arena) <= plan.namespaceOffset)
      for (const arena of arenas) {
        for (const block of [arena.offset, arena.offset + arena.info.info2off]) {
          if (isApart) blocks.delete(block)
          else blocks.add(block)
        }
      }
    } catch (error) {
      // Nothing to be believed begins there, so nothing else of it has to be destroyed. Storage that fails is another matter.
      if (!isJudgement(error)) throw error
    }
  }
  return blocks
}

function* destroyOldInfoBlocks(storage: Storage, plan: Plan): Sleepable<void> {
  const zeros = new Uint8Array(INFO_BLOCK_BYTES)
  let wait: MaybeSleep
  for (const offset of yield* oldInfoBlocks(storage, plan)) {
    // What the medium has lost claims nothing any more, and zeros over the whole of it make it good.
    const block = yield* readUnlessLost(storage, offset, INFO_BLOCK_BYTES, 'info')
    const isInfoBlock = block !== undefined && hasInfoSignature(block)
    // What lies before the BTT (a boot sector, a pool header) would go on to claim the storage; what lies in its place goes anyway.
    const goes = isInfoBlock || offset >= plan.namespaceOffset || plan.namespaceOffset <= 4096
    if (
      goes &&
      offset < plan.end &&
      (wait = storage.write(offset, zeros, 0, zeros.length, 'info')) !== undefined
    )
      yield wait
  }
  if ((wait = storage.flush('info')) !== undefined) yield wait
}

/** A flog in which every lane has its spare block and nothing was ever written. */
function freshFlog(arena: PlacedArena, nfree: number): Uint8Array {
  const bytes = new Uint8Array(flogBytes(nfree))
  const view = new DataView(bytes.buffer)
  for (let lane = 0; lane < nfree; lane++) {
    const block = arena.externalNlba + lane
    encodeFlogEntry(view, lane * FLOG_GROUP_BYTES, { lba: lane, oldMap: block, newMap: block, seq: 1 })
  }
  return bytes
}

function* makeArena(
  storage: Storage,
  plan: Plan,
  arena: PlacedArena,
  onProgress: (doneBytes: number) => void,
): Sleepable<void> {
  const { nfree } = plan.info
  const { offset, mapoff, logoff, info2off } = arena
  yield* storage.zero(offset + mapoff, mapBytes(arena.externalNlba), 'map', onProgress)
  const flog = freshFlog(arena, nfree)
  let wait = storage.write(offset + logoff, flog, 0, flog.length, 'flog')
  if (wait !== undefined) yield wait
  if ((wait = storage.flush('flog')) !== undefined) yield wait

  const { size: _size, offset: _offset, ...layout } = arena
  const block = encodeInfoBlock({ ...plan.info, ...layout, flags: 0, infosize: INFO_BLOCK_BYTES })
  for (const at of [offset + info2off, offset]) {
    if ((wait = storage.write(at, block, 0, block.length, 'info')) !== undefined) yield wait
    if ((wait = storage.flush('info')) !== undefined) yield wait
  }
}

/** Lays out a BTT; see `Engine.create`. The caller holds the lock of the storage. */
export function* create(provider: PmemProvider, options: CreateOptions = {}): Sleepable<void> {
  const storage = new Storage(provider)
  const image = storage.name
  if (storage.mayWait) mightSleep(image, 'creating')
  checkOptions(image, options)
  if (provider.readOnly) throw new ReadOnlyError({ image }, 'the storage is open for reading only')
  storage.assertSafeToWrite()
  const end = yield* findNamespaceEnd(storage)
  const plan = makePlan(image, end, options)
  if (options.force !== true) {
    const content = yield* findExistingContent(storage, plan.namespaceOffset, end)
    if (content !== undefined)
      throw new AlreadyInUseError({ image }, `it holds ${content}; overwriting it has to be forced`)
  }
  yield* destroyOldInfoBlocks(storage, plan)
  const totalBytes = plan.arenas.reduce((sum, arena) => sum + mapBytes(arena.externalNlba), 0)
  let doneBytes = 0
  for (const arena of plan.arenas.toReversed()) {
    yield* makeArena(storage, plan, arena, (bytes) => options.onProgress?.(doneBytes + bytes, totalBytes))
    doneBytes += mapBytes(arena.externalNlba)
  }
}
