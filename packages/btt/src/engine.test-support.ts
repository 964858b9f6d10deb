/** What the engine's tests share: an engine on mutex lanes, the bijection check, and providers that misbehave on purpose. */
import {
  ProviderIoError,
  type CreateOptions,
  type MaybeSleep,
  type PmemProvider,
  type ProviderCapabilities,
  type Sleepable,
  type Wait,
  type WaitKind,
} from '@bttkit/interfaces'
import {
  FLOG_GROUP_BYTES,
  FLOG_SLOT_BYTES,
  FlogSlotDetector,
  MAP_ENTRY_BYTES,
  decodeFlogEntry,
  decodeInfoBlock,
  mapBlock,
  newerOf,
  stripFlags,
} from '@bttkit/btt-format'
import { MemoryProvider } from '@bttkit/pmem-memory'
import {
  LocalReadTracking,
  MutexLaneTable,
  MutexLocks,
  SharedLaneTable,
  SharedLocks,
  SharedReadTracking,
} from '@bttkit/region-lanes'
import { preemptionPoint, runAtomic, runBlocking } from '@bttkit/sleepable'
import { createHash } from 'node:crypto'
import type { EngineParts } from './compose.ts'
import { BttEngine } from './engine.ts'

export const MIB = 2 ** 20

/** Short, so that tests of dead threads do not take long. */
const ROUND_MS = 20

/** Mutexes for one thread, words that threads share for several. */
export const parts: EngineParts = {
  laneTable: (words, options) =>
    options.thread === undefined
      ? new MutexLaneTable(words.subarray(0, -1), options.policy)
      : new SharedLaneTable(words, options, ROUND_MS),
  lockTable: (words, thread) =>
    thread === undefined
      ? new MutexLocks(words, 'map-lock')
      : new SharedLocks(words, 'map-lock', thread, ROUND_MS),
  readTracking: (words, thread) =>
    thread === undefined ? new LocalReadTracking(words) : new SharedReadTracking(words, thread, ROUND_MS),
}

export const engine = new BttEngine(parts)

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Who holds each block of an arena. */
class BlockHolders {
  readonly problems: string[] = []
  /** Of each block 0 for nobody, a sector as its premap LBA and 1, a lane as the negative of its number and 1. */
  private readonly holders: Int32Array
  private held = 0
  private readonly arena: number

  constructor(arena: number, blocks: number) {
    this.arena = arena
    this.holders = new Int32Array(blocks)
  }

  hold(block: number, holder: number): void {
    const other = this.holders[block]
    if (other === 0) this.held++
    else
      this.problems.push(
        `arena ${this.arena}: block ${block} is held by ${nameOf(other)} and ${nameOf(holder)}`,
      )
    this.holders[block] = holder
  }

  end(): void {
    const { length } = this.holders
    if (this.held !== length)
      this.problems.push(`arena ${this.arena}: ${this.held} of ${length} blocks are held`)
  }
}

function nameOf(holder: number | undefined): string {
  if (holder === undefined) return 'the end of the arena'
  return holder > 0 ? `LBA ${holder - 1}` : `lane ${-holder - 1}`
}

/**
 * Invariant 3, from the bytes alone: in each arena every internal block is mapped once or free once. Returns what is wrong.
 */
export function bijectionProblems(image: Uint8Array, namespaceOffset: number): string[] {
  const problems: string[] = []
  for (let arena = 0, at = namespaceOffset; ; arena++) {
    const info = decodeInfoBlock(image.subarray(at, at + 4096))
    const blocks = new BlockHolders(arena, info.internalNlba)
    const map = new DataView(image.buffer, image.byteOffset + at + info.mapoff)
    for (let lba = 0; lba < info.externalNlba; lba++)
      blocks.hold(mapBlock(map.getUint32(lba * MAP_ENTRY_BYTES, true), lba), lba + 1)
    const flog = new DataView(
      image.buffer,
      image.byteOffset + at + info.logoff,
      info.nfree * FLOG_GROUP_BYTES,
    )
    const detector = new FlogSlotDetector()
    detector.examine(flog)
    for (let lane = 0; lane < info.nfree; lane++) {
      const first = decodeFlogEntry(flog, lane * FLOG_GROUP_BYTES)
      const second = decodeFlogEntry(flog, lane * FLOG_GROUP_BYTES + detector.slots.second * FLOG_SLOT_BYTES)
      const newer = newerOf(first.seq, second.seq) === 0 ? first : second
      blocks.hold(stripFlags(newer.oldMap), -lane - 1)
    }
    blocks.end()
    problems.push(...blocks.problems)
    if (info.nextoff === 0) return problems
    at += info.nextoff
  }
}

/** Passes everything on. The base of providers that interfere. */
export class PassingProvider implements PmemProvider {
  readonly name: string
  readonly size: number
  readonly readOnly: boolean
  readonly capabilities: ProviderCapabilities
  protected readonly inner: PmemProvider

  constructor(inner: PmemProvider, capabilities: Partial<ProviderCapabilities> = {}) {
    this.inner = inner
    this.name = inner.name
    this.size = inner.size
    this.readOnly = inner.readOnly
    this.capabilities = Object.freeze({ ...inner.capabilities, ...capabilities })
  }

  read(offset: number, target: Uint8Array): MaybeSleep {
    return this.inner.read(offset, target)
  }

  write(offset: number, source: Uint8Array): MaybeSleep {
    return this.inner.write(offset, source)
  }

  flush(): MaybeSleep {
    return this.inner.flush()
  }

  close(): MaybeSleep {
    return this.inner.close()
  }

  zero(offset: number, length: number): MaybeSleep {
    return this.inner.zero?.(offset, length)
  }
}

/**
 * A cache that at its n-th flush (from 0) loses what it has, says so once, and from then on flushes well again: what the page cache does after an I/O
 * error. A flush is a preemption point.
 */
export class LosingProvider extends PassingProvider {
  private readonly failAt: number
  private flushes = 0
  private lost: { offset: number; before: Uint8Array }[] = []

  constructor(inner: PmemProvider, failAt: number) {
    super(inner, { mayWait: true, flush: 'sleeps', durableOnWrite: false })
    this.failAt = failAt
  }

  override write(offset: number, source: Uint8Array): MaybeSleep {
    const before = new Uint8Array(source.length)
    void this.inner.read(offset, before)
    this.lost.push({ offset, before })
    return this.inner.write(offset, source)
  }

  override flush(): MaybeSleep {
    const number = this.flushes++
    const point = preemptionPoint({ object: 'provider', kind: 'flush', start: 0, end: this.size })
    const end = (): void => this.endFlush(number)
    return {
      ...(point.on && { on: point.on }),
      ready: () => true,
      block: end,
      // oxlint-disable-next-line unicorn/no-thenable -- a wait is a thenable by contract
      then: (...callbacks) => point.then(end).then(...callbacks),
    }
  }

  private endFlush(number: number): void {
    const lost = this.lost
    this.lost = []
    if (number !== this.failAt) return
    for (const { offset, before } of lost.toReversed()) void this.inner.write(offset, before)
    throw new ProviderIoError({ image: this.name }, `flush ${number} fails`, 'EIO')
  }
}

/** Every call is a preemption point: it waits first and happens when the wait is over. Flog halves are stored one by one. */
export class PreemptingProvider extends PassingProvider {
  constructor(inner: PmemProvider) {
    super(inner, { mayWait: true, flush: 'sleeps', durableOnWrite: false, sameLineOrdered: false })
  }

  override read(offset: number, target: Uint8Array): MaybeSleep {
    return this.later('read', offset, target.length, () => this.inner.read(offset, target))
  }

  override write(offset: number, source: Uint8Array): MaybeSleep {
    return this.later('write', offset, source.length, () => this.inner.write(offset, source))
  }

  override zero(offset: number, length: number): MaybeSleep {
    return this.later('write', offset, length, () => super.zero(offset, length))
  }

  override flush(): MaybeSleep {
    return this.later('flush', 0, this.size, () => this.inner.flush())
  }

  private later(kind: WaitKind, start: number, length: number, call: () => MaybeSleep): Wait {
    const on = { object: 'provider', kind, start, end: start + length } as const
    const point = preemptionPoint(on)
    return {
      on,
      block: () => call()?.block?.(),
      // oxlint-disable-next-line unicorn/no-thenable -- a wait is a thenable by contract
      then: (...callbacks) => point.then(call).then(...callbacks),
    }
  }
}

/** Memory with a fresh BTT on it. */
export function freshMemory(sizeBytes: number, options: CreateOptions = {}): MemoryProvider {
  const memory = new MemoryProvider({ size: sizeBytes }, 'memory')
  runAtomic(engine.create(memory, options))
  return memory
}

/** Runs a write on storage that preempts up to the store of its map entry, and leaves it there: its flog entry is complete, and nothing names the new block. */
export function interruptBeforeMapEntry(write: Sleepable<void>): void {
  for (let step = write.next(); step.done !== true; step = write.next()) {
    const { on } = step.value
    if (on?.object === 'provider' && on.kind === 'write' && on.end - on.start === MAP_ENTRY_BYTES) return
    step.value.block?.()
  }
  throw new Error('it has ended')
}

/** Memory on which a write of 2 to LBA 3 was interrupted: its flog entry is complete, and its map entry is not stored. */
export function interruptedMemory(externalLbasize = 512): MemoryProvider {
  const memory = freshMemory(17 * MIB, { externalLbasize, nfree: 4 })
  const device = runBlocking(engine.attach(new PreemptingProvider(memory)))
  interruptBeforeMapEntry(device.sleepable.write(3, new Uint8Array(externalLbasize).fill(2)))
  return memory
}
