/** What the engine's tests share: an engine on mutex lanes, the bijection check, and providers that misbehave on purpose. */
import {
  ProviderIoError,
  type CreateOptions,
  type MaybeSleep,
  type PmemProvider,
  type ProviderCapabilities,
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

/**
 * Invariant 3, from the bytes alone: in each arena every internal block is mapped once or free once. Returns what is wrong.
 */
export function bijectionProblems(image: Uint8Array, namespaceOffset: number): string[] {
  const problems: string[] = []
  for (let arena = 0, at = namespaceOffset; ; arena++) {
    const info = decodeInfoBlock(image.subarray(at, at + 4096))
    const holders = new Map<number, string>()
    const hold = (block: number, holder: string): void => {
      const other = holders.get(block)
      if (other !== undefined)
        problems.push(`arena ${arena}: block ${block} is held by ${other} and ${holder}`)
      holders.set(block, holder)
    }
    const map = new DataView(image.buffer, image.byteOffset + at + info.mapoff)
    for (let lba = 0; lba < info.externalNlba; lba++)
      hold(mapBlock(map.getUint32(lba * MAP_ENTRY_BYTES, true), lba), `LBA ${lba}`)
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
      hold(stripFlags(newer.oldMap), `lane ${lane}`)
    }
    if (holders.size !== info.internalNlba)
      problems.push(`arena ${arena}: ${holders.size} of ${info.internalNlba} blocks are held`)
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

/** Thrown where the power fails: nothing after it reaches the media. */
export class PowerFailure extends Error {}

/** Lets so many writes through, and then no call any more. Large writes are torn: only their first half arrives. */
export class StoppingProvider extends PassingProvider {
  private left: number
  writes = 0

  constructor(inner: PmemProvider, writesLeft: number) {
    super(inner)
    this.left = writesLeft
  }

  override write(offset: number, source: Uint8Array): MaybeSleep {
    this.writes++
    if (this.left <= 0) {
      if (this.left-- === 0 && source.length > 8)
        void this.inner.write(offset, source.subarray(0, Math.floor(source.length / 16) * 8))
      throw new PowerFailure('the power failed')
    }
    this.left--
    return this.inner.write(offset, source)
  }

  override zero(offset: number, length: number): MaybeSleep {
    this.writes++
    if (this.left-- <= 0) throw new PowerFailure('the power failed')
    return super.zero(offset, length)
  }
}

/** Fails the n-th call (from 0) of a kind. Its flush is real, so that the engine does not leave it out. */
export class FailingProvider extends PassingProvider {
  readonly calls = { write: 0, flush: 0 }
  private readonly kind: 'write' | 'flush'
  private readonly failAt: number

  constructor(inner: PmemProvider, kind: 'write' | 'flush', failAt: number) {
    super(inner, { flush: 'immediate', durableOnWrite: false })
    this.kind = kind
    this.failAt = failAt
  }

  override write(offset: number, source: Uint8Array): MaybeSleep {
    this.countAndFail('write')
    return this.inner.write(offset, source)
  }

  override flush(): MaybeSleep {
    this.countAndFail('flush')
    return undefined
  }

  private countAndFail(kind: 'write' | 'flush'): void {
    const call = this.calls[kind]++
    if (kind === this.kind && call === this.failAt)
      throw new ProviderIoError({ image: this.name }, `${kind} ${call} fails`, 'EIO')
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

/** Every call is a preemption point: it waits first and happens when the wait is over. */
export class PreemptingProvider extends PassingProvider {
  constructor(inner: PmemProvider) {
    super(inner, { mayWait: true, flush: 'sleeps', durableOnWrite: false })
  }

  override read(offset: number, target: Uint8Array): MaybeSleep {
    return this.later('read', offset, target.length, () => void this.inner.read(offset, target))
  }

  override write(offset: number, source: Uint8Array): MaybeSleep {
    return this.later('write', offset, source.length, () => void this.inner.write(offset, source))
  }

  override zero(offset: number, length: number): MaybeSleep {
    return this.later('write', offset, length, () => void super.zero(offset, length))
  }

  override flush(): MaybeSleep {
    return this.later('flush', 0, this.size, () => {})
  }

  private later(kind: WaitKind, start: number, length: number, call: () => void): Wait {
    const on = { object: 'provider', kind, start, end: start + length } as const
    const point = preemptionPoint(on)
    return {
      on,
      block: call,
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

/** Memory on which a write of 2 to LBA 3 was interrupted: its flog entry is complete, and its map entry is not stored. */
export function interruptedMemory(externalLbasize = 512): MemoryProvider {
  const memory = freshMemory(17 * MIB, { externalLbasize, nfree: 4 })
  const device = runBlocking(engine.attach(new PreemptingProvider(memory)))
  const write = device.sleepable.write(3, new Uint8Array(externalLbasize).fill(2))
  let step = write.next()
  // The data, the entry that it replaces, and both halves of the flog entry; each stored and flushed.
  for (let waits = 0; waits < 7 && step.done !== true; waits++) {
    step.value.block?.()
    step = write.next()
  }
  return memory
}
