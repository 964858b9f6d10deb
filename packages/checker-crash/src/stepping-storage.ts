import { pointBefore } from '@bttkit/checker-lanes'
import type {
  ByteRange,
  MaybeSleep,
  PmemProvider,
  ProviderCapabilities,
  WaitKind,
  WaitSubject,
} from '@bttkit/interfaces'
import type { PowerFailMemory } from '@bttkit/pmem-power-fail'
import { preemptionPoint } from '@bttkit/sleepable'

/** What a task has done to the storage: a call is made, or its flush is over. */
export type StorageStep = 'read' | 'write' | 'flush' | 'flush is over'

/**
 * Storage after each call of which others may run. A flush is over when its task goes on: what it shall make durable may be lost until then, and what others store in the meantime is
 * none of its business.
 */
export class SteppingStorage implements PmemProvider {
  readonly name: string
  readonly size: number
  readonly readOnly = false
  readonly capabilities: ProviderCapabilities
  readonly persist?: (offset: number, length: number) => MaybeSleep
  readonly persistMany?: (ranges: readonly ByteRange[]) => MaybeSleep
  private readonly memory: PowerFailMemory
  private readonly onStep: (step: StorageStep, offset: number) => void

  /** @param onStep told of each step and where it begins, when it has been made and before anybody else runs */
  constructor(memory: PowerFailMemory, onStep: (step: StorageStep, offset: number) => void) {
    this.memory = memory
    this.onStep = onStep
    this.name = memory.name
    this.size = memory.size
    this.capabilities = Object.freeze({ ...memory.capabilities, mayWait: true })
    if (memory.persist !== undefined) this.persist = (offset, length) => this.flushRange(offset, length)
    if (memory.persistMany !== undefined) this.persistMany = (ranges) => this.flushRanges(ranges)
  }

  read(offset: number, target: Uint8Array): MaybeSleep {
    this.memory.read(offset, target)
    this.onStep('read', offset)
    return preemptionPoint(subject('read', offset, target.length))
  }

  write(offset: number, source: Uint8Array): MaybeSleep {
    this.memory.write(offset, source)
    this.onStep('write', offset)
    return preemptionPoint(subject('write', offset, source.length))
  }

  flush(): MaybeSleep {
    return this.flushRange(0, this.size)
  }

  close(): undefined {
    this.memory.close()
  }

  private flushRange(offset: number, length: number): MaybeSleep {
    return this.overLater(offset, length, [this.memory.startFlush(offset, length)])
  }

  private flushRanges(ranges: readonly ByteRange[]): MaybeSleep {
    const ends = ranges.map(({ offset, length }) => this.memory.startFlush(offset, length))
    return this.overLater(0, this.size, ends)
  }

  private overLater(offset: number, length: number, ends: readonly (() => void)[]): MaybeSleep {
    this.onStep('flush', offset)
    return pointBefore(subject('flush', offset, length), () => {
      for (const end of ends) end()
      this.onStep('flush is over', offset)
    })
  }
}

function subject(kind: WaitKind, start: number, length: number): WaitSubject {
  return { object: 'provider', kind, start, end: start + length }
}
