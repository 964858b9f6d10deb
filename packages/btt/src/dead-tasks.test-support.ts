/**
 * Many tasks of several threads, one step at a time in a random order, and some of the threads die in the middle. What each sector showed to whom, and
 * when, is kept as the history of registers: the two halves of the sector, and its metadata.
 */
import type { BttDevice, Sleepable, Wait } from '@bttkit/interfaces'
import { historyProblem, type HistoryEvent } from './history.test-support.ts'

/** A whole sector, its second half only, or no change. */
export interface PlannedOperation {
  readonly kind: 'write' | 'part' | 'zero' | 'read'
  readonly lba: number
  readonly count: number
}

export type RegisterEvent = HistoryEvent & { readonly register: string }

const filled = (value: number, bytes: number): Uint8Array =>
  new Uint8Array(new Int32Array(bytes / 4).fill(value).buffer)

/** The number that fills these bytes, or -1. */
export function valueOfBytes(bytes: Uint8Array): number {
  const numbers = new Set(new Int32Array(bytes.slice().buffer))
  const [only = -1] = numbers
  return numbers.size === 1 ? only : -1
}

/** Everybody's operations, and what came of them. */
export class Chronicle {
  readonly events: RegisterEvent[] = []
  private clock = 0
  private value = 1
  private readonly zeroed = new Set<number>()

  /** The operation as a task. One that never ends leaves its changes behind as perhaps made. */
  run(device: BttDevice, planned: PlannedOperation): Sleepable<void> {
    const { lba, count } = planned
    if (planned.kind === 'read') return this.read(device, lba, count)
    const lbas = Array.from({ length: count }, (_, index) => lba + index)
    // Each value is written once; a zero, too.
    if (planned.kind !== 'zero') return this.change(device, planned.kind, lbas)
    if (lbas.some((each) => this.zeroed.has(each))) return this.change(device, 'write', lbas)
    for (const each of lbas) this.zeroed.add(each)
    return this.change(device, 'zero', lbas)
  }

  /** What cannot have happened, register by register. */
  problems(): string[] {
    const histories = new Map<string, RegisterEvent[]>()
    for (const event of this.events) {
      const history = histories.get(event.register) ?? []
      history.push(event)
      histories.set(event.register, history)
    }
    return [...histories].flatMap(([register, history]) => {
      const problem = historyProblem(history)
      return problem === undefined ? [] : [`${register}: ${problem}`]
    })
  }

  private *change(
    device: BttDevice,
    kind: 'write' | 'part' | 'zero',
    lbas: readonly number[],
  ): Sleepable<void> {
    const { sectorSize, metadataSize, sleepable } = device
    const [lba = 0] = lbas
    const value = kind === 'zero' ? 0 : this.value++
    const registers = lbas.flatMap((each) => registersOf(each, metadataSize))
    const changed = kind === 'part' ? registers.filter((name) => name.endsWith('second half')) : registers
    const start = this.clock++
    const first = this.events.length
    const record = (end: number) =>
      changed.map((register): RegisterEvent => ({ kind: 'write', register, value, start, end }))
    this.events.push(...record(Number.POSITIVE_INFINITY))
    if (kind === 'zero') {
      yield* sleepable.zero(lba, lbas.length)
    } else if (kind === 'part') {
      for (const each of lbas)
        yield* sleepable.writeBytes((each + 0.5) * sectorSize, filled(value, sectorSize / 2))
    } else {
      const metadata = filled(value, metadataSize * lbas.length)
      yield* sleepable.write(lba, filled(value, sectorSize * lbas.length), metadata)
    }
    this.events.splice(first, changed.length, ...record(this.clock++))
  }

  private *read(device: BttDevice, lba: number, count: number): Sleepable<void> {
    const { sectorSize, metadataSize } = device
    const sectors = filled(-1, sectorSize * count)
    const metadata = filled(-1, metadataSize * count)
    const start = this.clock++
    yield* device.sleepable.read(lba, sectors, metadata)
    const end = this.clock++
    for (let index = 0; index < count; index++) {
      const at = index * sectorSize
      const [firstHalf = '', secondHalf = '', metadataOf] = registersOf(lba + index, metadataSize)
      const record = (register: string, bytes: Uint8Array): void =>
        void this.events.push({ kind: 'read', register, value: valueOfBytes(bytes), start, end })
      record(firstHalf, sectors.subarray(at, at + sectorSize / 2))
      record(secondHalf, sectors.subarray(at + sectorSize / 2, at + sectorSize))
      if (metadataOf !== undefined)
        record(metadataOf, metadata.subarray(index * metadataSize, (index + 1) * metadataSize))
    }
  }
}

function registersOf(lba: number, metadataSize: number): string[] {
  const halves = [`LBA ${lba}, first half`, `LBA ${lba}, second half`]
  return metadataSize === 0 ? halves : [...halves, `LBA ${lba}, metadata`]
}

/** An operation under way. */
export class SteppedTask {
  readonly thread: number
  private readonly operation: Sleepable<void>
  private wait: Wait | undefined
  isOver = false

  constructor(thread: number, operation: Sleepable<void>) {
    this.thread = thread
    this.operation = operation
    this.step()
  }

  /** Whether it can go on; who waits for a lane, a lock or a reader cannot always. */
  get canGoOn(): boolean {
    return !this.isOver && this.wait?.ready?.() !== false
  }

  step(): void {
    // A storage call happens here. A lock that is to be had is not waited for.
    if (this.wait !== undefined && this.wait.ready === undefined) this.wait.block?.()
    const step = this.operation.next()
    this.isOver = step.done === true
    this.wait = step.done === true ? undefined : step.value
  }
}
