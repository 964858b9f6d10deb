/**
 * What became of the stores of a run when its power failed. It is seen from what can be read, so it is the same for all models: a store has survived where its bytes are there, and would not be if
 * nothing that was in flight were.
 */
import type { PowerFailMemory } from '@bttkit/pmem-power-fail'

interface Store {
  readonly offset: number
  readonly bytes: Uint8Array
}

/** Of a store that was in flight. */
export interface StoreFate<S extends Store> {
  readonly store: S
  /** `torn`: a part of it. */
  readonly fate: 'survived' | 'torn' | 'lost'
}

function contentAt(memory: PowerFailMemory, { offset, bytes }: Store): Uint8Array {
  const content = new Uint8Array(bytes.length)
  memory.read(offset, content)
  return content
}

/**
 * The fates of the stores that were in flight, in their order. Of several over one byte the latest that left its value there has survived; one that makes no difference to what can be read has no
 * fate. Neither has one that a durable store lies over.
 *
 * @param stores of the whole run, in their order; those that are durable have no fate
 * @param left what the power failure has left
 * @param durable the same, had it taken back all that was in flight
 */
export function storeFates<S extends Store>(
  stores: readonly S[],
  left: PowerFailMemory,
  durable: PowerFailMemory,
): StoreFate<S>[] {
  const taken = new Set<number>()
  /** Where a later store made what is durable, as far as can be seen: nothing of earlier ones is in flight there. */
  const settled = new Set<number>()
  const fates: StoreFate<S>[] = []
  for (const store of stores.toReversed()) {
    const [now, before] = [contentAt(left, store), contentAt(durable, store)]
    let [survived, lost] = [0, 0]
    for (const [index, byte] of store.bytes.entries()) {
      const at = store.offset + index
      if (byte === before[index]) settled.add(at)
      else if (taken.has(at)) continue
      else if (byte !== now[index]) lost += settled.has(at) ? 0 : 1
      else {
        survived++
        taken.add(at)
      }
    }
    if (survived + lost === 0) continue
    fates.push({ store, fate: lost === 0 ? 'survived' : survived === 0 ? 'lost' : 'torn' })
  }
  return fates.toReversed()
}
