/**
 * The states that a power failure may leave, by the definition and one by one: every set of stores that the rules of the model allow to be durable.
 *
 * It shares no code with the models: those say what versions a unit may have, this says which stores may be durable without which others.
 */
import type { PowerFailModel } from './index.ts'

interface Store {
  /** The number of its write. */
  readonly write: number
  /** Stores of one unit depend on each other. */
  readonly unit: number
  readonly offset: number
  readonly bytes: readonly number[]
  isDurable: boolean
}

/** Bytes that one store covers at most, and bytes in which stores are ordered. */
const RULES: Record<PowerFailModel, { store: number; ordered: number }> = {
  px86: { store: 8, ordered: 64 },
  'px86-non-temporal': { store: 8, ordered: 8 },
  'torn-512': { store: 512, ordered: 512 },
  'atomic-4096': { store: 4096, ordered: 4096 },
  buffered: { store: Infinity, ordered: 0 },
  strict: { store: Infinity, ordered: 0 },
}

/** What programs of the tests need of storage. */
export interface TriedStorage {
  read(offset: number, target: Uint8Array): void
  write(offset: number, source: Uint8Array): void
  flush(): void
  persist?: ((offset: number, length: number) => void) | undefined
}

export class EveryState implements TriedStorage {
  private readonly model: PowerFailModel
  private readonly start: Uint8Array
  private readonly now: Uint8Array
  private readonly stores: Store[] = []
  private writes = 0

  constructor(model: PowerFailModel, start: Uint8Array) {
    this.model = model
    this.start = start
    this.now = start.slice()
  }

  read(offset: number, target: Uint8Array): void {
    target.set(this.now.subarray(offset, offset + target.length))
  }

  write(offset: number, source: Uint8Array): void {
    const { store, ordered } = RULES[this.model]
    const write = this.writes++
    let last: { key: number; bytes: number[] } | undefined
    for (const [index, byte] of source.entries()) {
      const at = offset + index
      const key = Math.floor(at / store)
      if (last?.key === key) last.bytes.push(byte)
      else {
        last = { key, bytes: [byte] }
        const unit = ordered === 0 ? -write : Math.floor(at / ordered)
        this.stores.push({ write, unit, offset: at, bytes: last.bytes, isDurable: this.model === 'strict' })
      }
    }
    this.now.set(source, offset)
  }

  flush(): void {
    for (const store of this.stores) store.isDurable = true
  }

  persist(offset: number, length: number): void {
    const { ordered } = RULES[this.model]
    const units = new Set(Array.from({ length }, (_, i) => Math.floor((offset + i) / ordered)))
    for (const store of this.stores) if (units.has(store.unit)) store.isDurable = true
  }

  states(): Uint8Array[] {
    const open = this.stores.filter(({ isDurable }) => !isDurable)
    const states: Uint8Array[] = []
    for (let set = 0; set < 2 ** open.length; set++) {
      const durable = new Set(this.stores.filter(({ isDurable }) => isDurable))
      for (const [index, store] of open.entries()) if ((set & (1 << index)) !== 0) durable.add(store)
      if (!this.isAllowed(durable)) continue
      const state = this.start.slice()
      for (const store of this.stores) if (durable.has(store)) state.set(store.bytes, store.offset)
      states.push(state)
    }
    return states
  }

  /** No store is durable without all stores of earlier writes to its unit. */
  private isAllowed(durable: ReadonlySet<Store>): boolean {
    return [...durable].every((later) =>
      this.stores.every(
        (earlier) => earlier.unit !== later.unit || earlier.write >= later.write || durable.has(earlier),
      ),
    )
  }
}
