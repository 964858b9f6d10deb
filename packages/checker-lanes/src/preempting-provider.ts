import {
  type ByteRange,
  type CallStage,
  type LockMode,
  type MaybeSleep,
  type PmemProvider,
  type ProviderCapabilities,
  type WaitKind,
  type WaitSubject,
} from '@bttkit/interfaces'
import { preemptionPoint } from '@bttkit/sleepable'
import { PreemptedCall } from './preempted-call.ts'
import type { SeededRandom } from './seeded-random.ts'

/** Bytes that are never parted: flog halves and map entries are single stores. */
const WHOLE_BYTES = 8
/** A shorter call is made as a whole. */
const LEAST_PARTED_BYTES = 64
/** When a call is made, in tenths. Else it is made in two parts, one before the preemption and one after it. */
const TENTHS = { before: 4, after: 4 } as const

/** When a task is preempted at a call: the bytes of it that come before that. */
type FirstPart = (length: number) => number

/**
 * A layer that makes each call a preemption point. A call that really waits passes through. So tasks can be preempted wherever a kernel
 * without preemption off can preempt them.
 *
 * With random numbers, over storage that never waits, the caller is preempted after the call, before it, or in the middle of the bytes, as
 * they decide; without them, after it. What a task does between two calls is then parted from the call before as well as from the one behind.
 *
 * Flushes are asked for over memory too, and between the halves of a flog entry, so that they are preemption points as well. The layer stores nothing and
 * keeps the other promises of what is below, but that of atomic writes only up to 8 bytes where it parts calls. It has no `writeThrough`: the write and the
 * flush that stand in for it are preemption points each. What is below is told what a call is for when that is made, also where it comes later.
 */
export class PreemptingProvider implements PmemProvider {
  readonly name: string
  readonly size: number
  readonly readOnly: boolean
  readonly capabilities: ProviderCapabilities
  readonly badBlocks?: () => readonly ByteRange[]
  readonly annotate?: (stage: CallStage, lane?: number) => void
  private readonly inner: PmemProvider
  private readonly firstPart: FirstPart
  /** What the next call is for, where what is below wants to know. */
  private annotation: Parameters<NonNullable<PmemProvider['annotate']>> | undefined

  /** @param random decides where in a call the caller is preempted; default: after it */
  constructor(inner: PmemProvider, random?: SeededRandom) {
    this.inner = inner
    this.name = inner.name
    this.size = inner.size
    this.readOnly = inner.readOnly
    const { flush, mayWait, atomicWriteBytes } = inner.capabilities
    const isParted = random !== undefined && !mayWait
    if (inner.badBlocks !== undefined) this.badBlocks = () => inner.badBlocks?.() ?? []
    if (inner.annotate !== undefined) {
      this.annotate = (...annotation) => {
        this.annotation = annotation
      }
    }
    this.firstPart = isParted ? (length) => randomPart(length, random) : (length) => length
    this.capabilities = Object.freeze({
      ...inner.capabilities,
      mayWait: true,
      durableOnWrite: false,
      sameLineOrdered: false,
      flush: flush === 'none' ? 'immediate' : flush,
      atomicWriteBytes: isParted ? Math.min(atomicWriteBytes, WHOLE_BYTES) : atomicWriteBytes,
    })
  }

  read(offset: number, target: Uint8Array): MaybeSleep {
    return this.readInto(offset, target, 0, target.length)
  }

  write(offset: number, source: Uint8Array): MaybeSleep {
    return this.writeFrom(offset, source, 0, source.length)
  }

  readInto(offset: number, target: Uint8Array, start: number, length: number): MaybeSleep {
    const call = (from: number, end: number): MaybeSleep =>
      readPart(this.inner, offset + from, target, start + from, end - from)
    return this.preempted(subjectOf('read', offset, length), length, call)
  }

  writeFrom(offset: number, source: Uint8Array, start: number, length: number): MaybeSleep {
    const call = (from: number, end: number): MaybeSleep =>
      writePart(this.inner, offset + from, source, start + from, end - from)
    return this.preempted(subjectOf('write', offset, length), length, call)
  }

  persist(offset: number, length: number): MaybeSleep {
    const { inner } = this
    const call = (): MaybeSleep =>
      inner.persist === undefined ? inner.flush() : inner.persist(offset, length)
    return this.preempted(subjectOf('flush', offset, length), 1, call)
  }

  flush(): MaybeSleep {
    return this.preempted(subjectOf('flush', 0, this.size), 1, () => this.inner.flush())
  }

  lock(mode: LockMode): MaybeSleep {
    return this.inner.lock?.(mode)
  }

  close(): MaybeSleep {
    return this.inner.close()
  }

  /** Makes the first part of a call now, and the rest of it after the preemption. */
  private preempted(
    on: WaitSubject,
    length: number,
    call: (from: number, end: number) => MaybeSleep,
  ): MaybeSleep {
    const { annotation } = this
    this.annotation = undefined
    const make = (from: number, end: number): MaybeSleep => {
      if (annotation !== undefined) this.inner.annotate?.(...annotation)
      return call(from, end)
    }
    const first = this.firstPart(length)
    const wait = first > 0 || length === 0 ? make(0, first) : undefined
    if (wait !== undefined) return wait
    return first === length ? preemptionPoint(on) : new PreemptedCall(on, () => make(first, length))
  }
}

/** How many bytes of a call come before its preemption: all, none, or some. */
function randomPart(length: number, random: SeededRandom): number {
  const tenth = random.below(10)
  if (tenth < TENTHS.after) return length
  if (tenth < TENTHS.after + TENTHS.before || length < LEAST_PARTED_BYTES) return 0
  return WHOLE_BYTES * (1 + random.below(Math.floor(length / WHOLE_BYTES) - 1))
}

function readPart(
  inner: PmemProvider,
  offset: number,
  target: Uint8Array,
  start: number,
  length: number,
): MaybeSleep {
  return inner.readInto === undefined
    ? inner.read(offset, target.subarray(start, start + length))
    : inner.readInto(offset, target, start, length)
}

function writePart(
  inner: PmemProvider,
  offset: number,
  source: Uint8Array,
  start: number,
  length: number,
): MaybeSleep {
  return inner.writeFrom === undefined
    ? inner.write(offset, source.subarray(start, start + length))
    : inner.writeFrom(offset, source, start, length)
}

function subjectOf(kind: WaitKind, offset: number, length: number): WaitSubject {
  return { object: 'provider', kind, start: offset, end: offset + length }
}
