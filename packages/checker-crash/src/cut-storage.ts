/**
 * Storage that is cut after each store.
 *
 * A cut after a flush would find nothing new: what a flush leaves is one of the states that could have been left before it. So the moments that count are
 * those after each store, and, for what has to be there, the end of each operation.
 */
import type { ByteRange, PmemProvider, ProviderCapabilities } from '@bttkit/interfaces'
import type { PowerFailMemory } from '@bttkit/pmem-power-fail'

export class CutStorage implements PmemProvider {
  readonly name: string
  readonly size: number
  readonly readOnly = false
  readonly capabilities: ProviderCapabilities
  readonly persist?: (offset: number, length: number) => undefined
  readonly persistMany?: (ranges: readonly ByteRange[]) => undefined
  readonly writeThrough?: (offset: number, source: Uint8Array, start: number, length: number) => undefined
  private readonly memory: PowerFailMemory
  private readonly onStore: (what: string) => void

  /**
   * @param onStore told after each store what it was
   * @param writesThrough whether to have `writeThrough`: a store, and then what makes it durable
   */
  constructor(memory: PowerFailMemory, onStore: (what: string) => void, writesThrough = false) {
    this.memory = memory
    this.onStore = onStore
    this.name = memory.name
    this.size = memory.size
    this.capabilities = memory.capabilities
    if (memory.persist !== undefined) this.persist = memory.persist
    if (memory.persistMany !== undefined) this.persistMany = memory.persistMany
    if (writesThrough)
      this.writeThrough = (offset, source, start, length) => {
        this.writeFrom(offset, source, start, length)
        if (memory.persist === undefined) memory.flush()
        else memory.persist(offset, length)
      }
  }

  read(offset: number, target: Uint8Array): undefined {
    this.memory.read(offset, target)
  }

  readInto(offset: number, target: Uint8Array, start: number, length: number): undefined {
    this.memory.readInto(offset, target, start, length)
  }

  write(offset: number, source: Uint8Array): undefined {
    this.writeFrom(offset, source, 0, source.length)
  }

  writeFrom(offset: number, source: Uint8Array, start: number, length: number): undefined {
    this.memory.writeFrom(offset, source, start, length)
    this.onStore(`write of ${length} bytes at ${offset}`)
  }

  zero(offset: number, length: number): undefined {
    this.memory.zero(offset, length)
    this.onStore(`zeros for ${length} bytes at ${offset}`)
  }

  flush(): undefined {
    this.memory.flush()
  }

  close(): undefined {
    this.memory.close()
  }
}
