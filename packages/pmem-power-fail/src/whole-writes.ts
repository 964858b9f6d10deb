/** Writes that are durable as a whole or not at all, each by itself: what the models of buffered and of strict storage share. */
import type { Hash } from 'node:crypto'
import type { Content } from './content.ts'
import type { Aftermath, Choose, FailureStates, InFlight, UnitFate } from './in-flight.ts'
import type { Overlay } from './overlay.ts'

interface WholeWrite {
  readonly offset: number
  readonly bytes: Uint8Array
}

export class WholeWrites implements InFlight {
  readonly persistsRanges = false
  private writes: WholeWrite[]

  constructor(writes: readonly WholeWrite[] = []) {
    this.writes = [...writes]
  }

  add(offset: number, bytes: Uint8Array): void {
    this.writes.push({ offset, bytes })
  }

  startFlush(): (media: Overlay) => void {
    const flushed = new Set(this.writes)
    return (media) => {
      for (const write of this.writes) if (flushed.has(write)) media.write(write.offset, write.bytes)
      this.writes = this.writes.filter((write) => !flushed.has(write))
    }
  }

  copy(): InFlight {
    return new WholeWrites(this.writes)
  }

  states(): FailureStates {
    return new WriteStates([...this.writes])
  }
}

class WriteStates implements FailureStates {
  readonly writes: readonly WholeWrite[]

  constructor(writes: readonly WholeWrite[]) {
    this.writes = writes
  }

  get stateCount(): bigint {
    return 2n ** BigInt(this.writes.length)
  }

  *units(): Generator<{ unit: number; versionCount: number }> {
    for (const unit of this.writes.keys()) yield { unit, versionCount: 2 }
  }

  versionCount(unit: number): number | undefined {
    return this.writes[unit] && 2
  }

  open(media: Content, fates: readonly UnitFate[], choose: Choose): Aftermath {
    return new WritesAftermath(this, media, fates, choose)
  }

  describe({ unit, version }: UnitFate): string {
    const { offset, bytes } = this.writes[unit] ?? { offset: 0, bytes: new Uint8Array() }
    return `write ${unit} of ${bytes.length} bytes at ${offset}: ${version === 1 ? 'durable' : 'lost'}`
  }

  /** By their places; of each, which of those that it overlaps came before it. */
  addTo(hash: Hash): void {
    const inOrder = this.writes
      .map((write, number) => ({ ...write, end: write.offset + write.bytes.length, number }))
      .toSorted((a, b) => a.offset - b.offset)
    for (const one of inOrder) {
      const isBefore = inOrder.map(
        ({ offset, end, number }) => number < one.number && offset < one.end && one.offset < end,
      )
      hash.update(`write ${one.offset} ${one.bytes.length} ${isBefore.join()},`).update(one.bytes)
    }
  }
}

/**
 * What is left of writes. The newest one that touches the bytes is decided first: where it is durable, nothing that it covers asks for the older ones.
 */
class WritesAftermath implements Aftermath {
  private readonly states: WriteStates
  private readonly media: Content
  private readonly choose: Choose
  /** Of the writes that were decided, 1 for a durable one. */
  private readonly decided = new Map<number, number>()

  constructor(states: WriteStates, media: Content, fates: readonly UnitFate[], choose: Choose) {
    this.states = states
    this.media = media
    this.choose = choose
    for (const { unit, version } of fates) this.decided.set(unit, version)
  }

  read(offset: number, target: Uint8Array, start: number, length: number): void {
    this.readBelow(this.states.writes.length, offset, target.subarray(start, start + length))
  }

  stateCount(): bigint {
    return 2n ** BigInt(this.states.writes.length - this.decided.size)
  }

  fates(): UnitFate[] {
    return [...this.decided].map(([unit, version]) => ({ unit, version }))
  }

  /** Reads what the writes before `end` have left. */
  private readBelow(end: number, offset: number, target: Uint8Array): void {
    if (target.length === 0) return
    for (let unit = end - 1; unit >= 0; unit--) {
      const write = this.states.writes[unit]
      if (write === undefined) continue
      const from = Math.max(offset, write.offset)
      const to = Math.min(offset + target.length, write.offset + write.bytes.length)
      if (from >= to || !this.isDurable(unit)) continue
      target.set(write.bytes.subarray(from - write.offset, to - write.offset), from - offset)
      this.readBelow(unit, offset, target.subarray(0, from - offset))
      this.readBelow(unit, to, target.subarray(to - offset))
      return
    }
    this.media.read(offset, target, 0, target.length)
  }

  private isDurable(unit: number): boolean {
    let version = this.decided.get(unit)
    if (version === undefined) {
      version = this.choose(2)
      this.decided.set(unit, version)
    }
    return version === 1
  }
}
