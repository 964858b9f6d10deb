import type { ByteRange, MaybeSleep, PmemProvider, ProviderCapabilities, WaitKind } from '@bttkit/interfaces'
import type { PowerFailMemory } from '@bttkit/pmem-power-fail'
import { preemptionPoint } from '@bttkit/sleepable'

/** Storage after each call of which others may run. */
export class SteppingStorage implements PmemProvider {
  readonly name: string
  readonly size: number
  readonly readOnly = false
  readonly capabilities: ProviderCapabilities
  readonly persist?: (offset: number, length: number) => MaybeSleep
  readonly persistMany?: (ranges: readonly ByteRange[]) => MaybeSleep
  private readonly memory: PowerFailMemory
  private readonly onCall: (isStore: boolean) => void

  /** @param onCall told of each call, when it has been made and before anybody else runs */
  constructor(memory: PowerFailMemory, onCall: (isStore: boolean) => void) {
    this.memory = memory
    this.onCall = onCall
    this.name = memory.name
    this.size = memory.size
    this.capabilities = Object.freeze({ ...memory.capabilities, mayWait: true })
    if (memory.persist !== undefined)
      this.persist = (offset, length) => {
        memory.persist?.(offset, length)
        return this.point('flush', offset, length)
      }
    if (memory.persistMany !== undefined)
      this.persistMany = (ranges) => {
        memory.persistMany?.(ranges)
        return this.point('flush', 0, this.size)
      }
  }

  read(offset: number, target: Uint8Array): MaybeSleep {
    this.memory.read(offset, target)
    return this.point('read', offset, target.length)
  }

  write(offset: number, source: Uint8Array): MaybeSleep {
    this.memory.write(offset, source)
    return this.point('write', offset, source.length)
  }

  flush(): MaybeSleep {
    this.memory.flush()
    return this.point('flush', 0, this.size)
  }

  close(): undefined {
    this.memory.close()
  }

  private point(kind: WaitKind, start: number, length: number): MaybeSleep {
    this.onCall(kind === 'write')
    return preemptionPoint({ object: 'provider', kind, start, end: start + length })
  }
}
