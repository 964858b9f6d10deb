/**
 * Stores in aligned units of one size, each of which becomes durable by itself: what the models of lines, words, sectors and pages share.
 *
 * Within a unit the writes become durable in their order, and one write only when those before it are durable as a whole. What a write stores in
 * one unit consists of atoms, aligned as well, each of which is durable or not; their order is anybody's.
 */
import type { Hash } from 'node:crypto'
import type { Content } from './content.ts'
import type { Aftermath, Choose, FailureStates, InFlight, UnitFate } from './in-flight.ts'
import type { Overlay } from './overlay.ts'
import { UnitVersions, storesOf, type UnitStore } from './unit-versions.ts'

export interface UnitShape {
  /** What a unit is, for people. */
  readonly unitName: string
  readonly unitBytes: number
  readonly atomBytes: number
  /** Whether a range can be persisted without the rest. */
  readonly persistsRanges: boolean
}

/** The newest store of each unit, by the first byte of the unit. */
type Units = ReadonlyMap<number, UnitStore>

export class AlignedUnits implements InFlight {
  private readonly shape: UnitShape
  private readonly units: Map<number, UnitStore>

  constructor(shape: UnitShape, units: Units = new Map()) {
    this.shape = shape
    this.units = new Map(units)
  }

  get persistsRanges(): boolean {
    return this.shape.persistsRanges
  }

  add(offset: number, bytes: Uint8Array): void {
    const { unitBytes } = this.shape
    for (let done = 0; done < bytes.length;) {
      const at = offset + done
      const unit = at - (at % unitBytes)
      const count = Math.min(unit + unitBytes - at, bytes.length - done)
      const previous = this.units.get(unit)
      this.units.set(unit, { previous, offset: at, bytes: bytes.subarray(done, done + count) })
      done += count
    }
  }

  startFlush(offset: number, length: number): (media: Overlay) => void {
    const flushed = unitsWithin(this.units, this.shape.unitBytes, offset, length).map(
      (unit) => [unit, this.units.get(unit)] as const,
    )
    return (media) => {
      for (const [unit, newest] of flushed) this.makeDurable(media, unit, newest)
    }
  }

  copy(): InFlight {
    return new AlignedUnits(this.shape, this.units)
  }

  states(): FailureStates {
    return new UnitStates(this.shape, new Map(this.units))
  }

  /** Moves the stores up to this one to the media, unless they are there already. */
  private makeDurable(media: Overlay, unit: number, last: UnitStore | undefined): void {
    const newest = this.units.get(unit)
    const stores = newest === undefined ? [] : storesOf(newest)
    // Stores are known by their bytes: a flush that came between may have linked them anew.
    const count = stores.findIndex(({ bytes }) => bytes === last?.bytes) + 1
    if (count === 0) return
    for (const { offset, bytes } of stores.slice(0, count)) media.write(offset, bytes)
    let left: UnitStore | undefined
    for (const { offset, bytes } of stores.slice(count)) left = { previous: left, offset, bytes }
    if (left === undefined) this.units.delete(unit)
    else this.units.set(unit, left)
  }
}

/** Those of the units that the range touches, in ascending order. */
function unitsWithin(units: Units, unitBytes: number, offset: number, length: number): number[] {
  if (length === 0) return []
  const first = offset - (offset % unitBytes)
  const last = offset + length - 1
  if (units.size < (last - first) / unitBytes)
    return [...units.keys()].filter((unit) => unit >= first && unit <= last).toSorted((a, b) => a - b)
  const found: number[] = []
  for (let unit = first; unit <= last; unit += unitBytes) if (units.has(unit)) found.push(unit)
  return found
}

/** Versions of a unit, by what they have in common. */
type Groups = readonly (readonly number[])[]

class UnitStates implements FailureStates {
  readonly shape: UnitShape
  readonly newest: Units
  private readonly versionsOfUnit = new Map<number, UnitVersions>()
  private readonly lastGroups = new Map<number, { at: number; beneath: Uint8Array; groups: Groups }>()
  private counted: bigint | undefined

  constructor(shape: UnitShape, newest: Units) {
    this.shape = shape
    this.newest = newest
  }

  get stateCount(): bigint {
    if (this.counted === undefined) {
      this.counted = 1n
      for (const { versionCount } of this.units()) this.counted *= BigInt(versionCount)
    }
    return this.counted
  }

  *units(): Generator<{ unit: number; versionCount: number }> {
    for (const [unit, newest] of this.newest) yield { unit, versionCount: this.versions(unit, newest).count }
  }

  versionCount(unit: number): number | undefined {
    const newest = this.newest.get(unit)
    return newest && this.versions(unit, newest).count
  }

  versions(unit: number, newest: UnitStore): UnitVersions {
    let versions = this.versionsOfUnit.get(unit)
    if (versions === undefined) {
      versions = new UnitVersions(newest, this.shape.atomBytes)
      this.versionsOfUnit.set(unit, versions)
    }
    return versions
  }

  /** All versions of a unit in groups that give the same content to what lies from `at` on. The same read comes in every run of a check, so the last answer is kept. */
  groups(unit: number, versions: UnitVersions, at: number, beneath: Uint8Array): Groups {
    const last = this.lastGroups.get(unit)
    if (last?.at === at && Buffer.compare(last.beneath, beneath) === 0) return last.groups
    const all = Array.from({ length: versions.count }, (_, version) => version)
    const groups = groupAlike(versions, all, at, beneath)
    this.lastGroups.set(unit, { at, beneath: new Uint8Array(beneath), groups })
    return groups
  }

  open(media: Content, fates: readonly UnitFate[], choose: Choose): Aftermath {
    return new UnitsAftermath(this, media, fates, choose)
  }

  describe({ unit, version }: UnitFate): string {
    const newest = this.newest.get(unit)
    const stores = newest && this.versions(unit, newest).describe(version)
    return `${this.shape.unitName} at byte ${unit}: ${stores ?? 'nothing'} durable`
  }

  addTo(hash: Hash): void {
    for (const [, newest] of [...this.newest].toSorted(([a], [b]) => a - b))
      for (const { offset, bytes } of storesOf(newest))
        hash.update(`store ${offset} ${bytes.length},`).update(bytes)
  }
}

/**
 * What is left of units. Of each, the versions are kept that fit what was read of it; a read that cannot tell them apart decides nothing.
 */
class UnitsAftermath implements Aftermath {
  private readonly states: UnitStates
  private readonly media: Content
  private readonly choose: Choose
  /** Of the units that were decided, in part or wholly: the versions that are left, never none. */
  private readonly left = new Map<number, readonly number[]>()
  /** Units that were read as a whole: the versions that are left of them are the same bytes. */
  private readonly settled = new Set<number>()

  constructor(states: UnitStates, media: Content, fates: readonly UnitFate[], choose: Choose) {
    this.states = states
    this.media = media
    this.choose = choose
    for (const { unit, version } of fates) this.left.set(unit, [version])
  }

  read(offset: number, target: Uint8Array, start: number, length: number): void {
    this.media.read(offset, target, start, length)
    const { newest, shape } = this.states
    if (newest.size === 0) return
    for (const unit of unitsWithin(newest, shape.unitBytes, offset, length)) {
      const from = Math.max(unit, offset)
      const to = Math.min(unit + shape.unitBytes, offset + length)
      this.layUnit(unit, from, target.subarray(start + from - offset, start + to - offset))
    }
  }

  stateCount(): bigint {
    let [all, left] = [1n, 1n]
    for (const [unit, versions] of this.left) {
      all *= BigInt(this.states.versionCount(unit) ?? 1)
      left *= BigInt(versions.length)
    }
    return (this.states.stateCount / all) * left
  }

  fates(): UnitFate[] {
    return [...this.left].flatMap(([unit, [version]]) => (version === undefined ? [] : [{ unit, version }]))
  }

  /** Lays a version of the unit over the bytes that lie beneath it from `at` on. */
  private layUnit(unit: number, at: number, window: Uint8Array): void {
    const newest = this.states.newest.get(unit)
    if (newest === undefined) return
    const versions = this.states.versions(unit, newest)
    let left = this.left.get(unit)
    if (left?.length !== 1 && !this.settled.has(unit)) {
      if (versions.areAlike(at, window)) return
      const alike =
        left === undefined
          ? this.states.groups(unit, versions, at, window)
          : groupAlike(versions, left, at, window)
      left = alike[alike.length === 1 ? 0 : this.choose(alike.length)]
      if (left === undefined) throw new RangeError('a choice that is not there')
      this.left.set(unit, left)
      if (window.length === this.states.shape.unitBytes) this.settled.add(unit)
    }
    versions.lay(left?.[0] ?? 0, at, window)
  }
}

/** The versions in groups that give these bytes the same content, in the order of the first of each. */
function groupAlike(
  versions: UnitVersions,
  candidates: readonly number[],
  at: number,
  beneath: Uint8Array,
): Groups {
  const groups = new Map<string, number[]>()
  const content = Buffer.alloc(beneath.length)
  for (const version of candidates) {
    content.set(beneath)
    versions.lay(version, at, content)
    const key = content.toString('latin1')
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [version])
    else group.push(version)
  }
  return [...groups.values()]
}
