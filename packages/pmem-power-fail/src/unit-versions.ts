/** What may be durable of one aligned unit: a line, a sector, a page. */

/** The part of one write that lies in one unit, and what was stored there before it since the last flush. */
export interface UnitStore {
  readonly previous: UnitStore | undefined
  readonly offset: number
  readonly bytes: Uint8Array
}

/** The stores of a unit, oldest first. */
export function storesOf(newest: UnitStore): UnitStore[] {
  const stores: UnitStore[] = []
  for (let store: UnitStore | undefined = newest; store !== undefined; store = store.previous)
    stores.push(store)
  return stores.toReversed()
}

/** A store, the atoms it consists of, and the first version in which something of it is durable. */
interface VersionedStore {
  readonly offset: number
  readonly bytes: Uint8Array
  /** Bytes of the storage at which its atoms begin; the first begins where the store does. */
  readonly atoms: readonly number[]
  readonly firstVersion: number
}

/** More would be more versions than can be counted one by one. */
const MOST_ATOMS = 16

/**
 * The versions of one unit: of its stores, the first so many are durable as a whole, and of the next one some of its atoms, in any choice.
 *
 * They are numbered: 0 is none of them; a store of n atoms that follows version v makes the versions v + 1 to v + 2^n - 1, where the number less v
 * is the set of its durable atoms, bit by bit. So the last of these is the whole store.
 */
export class UnitVersions {
  readonly count: number
  private readonly stores: readonly VersionedStore[]

  constructor(newest: UnitStore, atomBytes: number) {
    let count = 1
    this.stores = storesOf(newest).map(({ offset, bytes }) => {
      const atoms = atomsOf(offset, bytes.length, atomBytes)
      const firstVersion = count
      count += 2 ** atoms.length - 1
      return { offset, bytes, atoms, firstVersion }
    })
    this.count = count
  }

  /** Whether it makes no difference to these bytes from `at` on which version lies over them. */
  areAlike(at: number, beneath: Uint8Array): boolean {
    return this.stores.every(({ offset, bytes }) => {
      const start = Math.max(at, offset)
      const end = Math.min(at + beneath.length, offset + bytes.length)
      if (start >= end) return true
      const [stored, below] = [
        bytes.subarray(start - offset, end - offset),
        beneath.subarray(start - at, end - at),
      ]
      return Buffer.compare(stored, below) === 0
    })
  }

  /** Lays a version over bytes of the storage from `at` on. */
  lay(version: number, at: number, target: Uint8Array): void {
    for (const { offset, bytes, atoms, firstVersion } of this.stores) {
      if (version < firstVersion) return
      const durable = Math.min(version - firstVersion + 1, 2 ** atoms.length - 1)
      for (const [index, start] of atoms.entries()) {
        if ((durable & (1 << index)) === 0) continue
        const end = atoms[index + 1] ?? offset + bytes.length
        layPart(bytes, offset, start, end, at, target)
      }
    }
  }

  /** The stores in words: how many there are, how many are durable, and the durable bytes of the one that is so in part. */
  describe(version: number): string {
    const begun = this.stores.filter(({ firstVersion }) => version >= firstVersion)
    const last = begun.at(-1)
    const all = this.stores.length
    if (last === undefined) return `none of ${all} stores`
    const durable = version - last.firstVersion + 1
    if (durable === 2 ** last.atoms.length - 1) return `${begun.length} of ${all} stores`
    const parts = last.atoms.flatMap((start, index) => {
      const end = last.atoms[index + 1] ?? last.offset + last.bytes.length
      return (durable & (1 << index)) === 0 ? [] : [`${start}-${end - 1}`]
    })
    return `${begun.length - 1} of ${all} stores, and of the next one the bytes ${parts.join(', ')}`
  }
}

function atomsOf(offset: number, length: number, atomBytes: number): number[] {
  const atoms: number[] = []
  for (let start = offset; start < offset + length; start += atomBytes - (start % atomBytes))
    atoms.push(start)
  if (atoms.length > MOST_ATOMS) throw new RangeError(`a store of ${atoms.length} atoms in one unit`)
  return atoms
}

/** Lays the bytes from `start` to `end` of a store at `offset` over those from `at` on. */
function layPart(
  bytes: Uint8Array,
  offset: number,
  start: number,
  end: number,
  at: number,
  target: Uint8Array,
): void {
  const from = Math.max(start, at)
  const to = Math.min(end, at + target.length)
  if (from < to) target.set(bytes.subarray(from - offset, to - offset), from - at)
}
