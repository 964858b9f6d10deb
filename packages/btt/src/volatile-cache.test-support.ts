/**
 * Storage with a volatile cache over memory: a write is seen at once and durable after a flush that began later. A power cut takes back any
 * choice of the aligned units that are not durable; of several writes of one unit, the last ones. Units are of 8 bytes, or lines of 64 where their stores
 * become durable in order: then it takes back the last ones of a line, and of the 8-byte pieces of a longer store the last ones, too.
 *
 * Every call is a scheduling point, and happens when its task goes on.
 */
import type { MaybeSleep, Wait } from '@bttkit/interfaces'
import type { MemoryProvider } from '@bttkit/pmem-memory'
import { PassingProvider } from './engine.test-support.ts'

const PIECE_BYTES = 8
const LINE_BYTES = 64

interface VolatileWrite {
  readonly offset: number
  /** What was there before. */
  readonly before: Uint8Array
}

export class VolatileCache extends PassingProvider {
  private readonly memory: MemoryProvider
  private readonly unitBytes: number
  private volatileWrites: VolatileWrite[] = []

  constructor(memory: MemoryProvider, sameLineOrdered = false) {
    super(memory, { mayWait: true, flush: 'sleeps', durableOnWrite: false, sameLineOrdered })
    this.memory = memory
    this.unitBytes = sameLineOrdered ? LINE_BYTES : PIECE_BYTES
  }

  override read(offset: number, target: Uint8Array): MaybeSleep {
    return this.later(() => this.memory.read(offset, target))
  }

  override write(offset: number, source: Uint8Array): MaybeSleep {
    return this.later(() => this.writePieces(offset, source))
  }

  override zero(offset: number, length: number): MaybeSleep {
    return this.write(offset, new Uint8Array(length))
  }

  override flush(): MaybeSleep {
    return this.persist(0, this.size)
  }

  /** Makes durable what touches the range and was written before the call; nothing else, so that a flush that is missing shows. */
  persist(offset: number, length: number): MaybeSleep {
    const covered = new Set(
      this.volatileWrites.filter(
        (write) => write.offset < offset + length && write.offset + write.before.length > offset,
      ),
    )
    return this.later(() => {
      this.volatileWrites = this.volatileWrites.filter((write) => !covered.has(write))
    })
  }

  /** Cuts the power. `choose(n)` picks a number below n: how many of the n - 1 writes of a unit stay. */
  cutPower(choose: (count: number) => number): void {
    const units = new Map<number, VolatileWrite[]>()
    for (const write of this.volatileWrites) {
      const unit = Math.floor(write.offset / this.unitBytes)
      units.set(unit, [...(units.get(unit) ?? []), write])
    }
    for (const writes of units.values()) {
      for (const { offset, before } of writes.slice(choose(writes.length + 1)).toReversed())
        this.memory.mapping.set(before, offset)
    }
    this.volatileWrites = []
  }

  private writePieces(offset: number, source: Uint8Array): void {
    for (let at = 0; at < source.length;) {
      const length = Math.min(PIECE_BYTES - ((offset + at) % PIECE_BYTES), source.length - at)
      const start = offset + at
      this.volatileWrites.push({ offset: start, before: this.memory.mapping.slice(start, start + length) })
      this.memory.write(start, source.subarray(at, at + length))
      at += length
    }
  }

  private later(call: () => void): Wait {
    let isDone = false
    const once = (): void => {
      if (isDone) return
      isDone = true
      call()
    }
    return {
      ready: () => true,
      block: once,
      // oxlint-disable-next-line unicorn/no-thenable -- a wait is a thenable by contract
      then: (...callbacks) =>
        Promise.resolve()
          .then(once)
          .then(...callbacks),
    }
  }
}
