/**
 * Whether a history of reads and writes of one register could have happened one operation at a time, each at some moment between its start and its end.
 *
 * Every write has a value of its own, so it is known which write a read saw. Then it can be decided in O(n log n) (Gibbons and Korach, "Testing
 * shared memories", 1997): a write and its reads are a cluster, and clusters follow one another undivided. A cluster must come before another when
 * one of its operations ended before one of the other's started: when the earliest end in it is before the latest start in the other. The history is
 * impossible exactly when two clusters must each come before the other, or a read came before its write.
 *
 * From its earliest end to its latest start, where that is later, the register has the cluster's value: its zone. Two zones may not overlap, and a cluster
 * without one, which has to happen between its latest start and its earliest end, may not have to do so within another's zone.
 */

/** One operation on the register. Times are in any unit; operations that touch in one moment are concurrent. */
export interface RegisterOperation<Value> {
  readonly kind: 'write' | 'read'
  /** What was written, or what was read. */
  readonly value: Value
  readonly start: number
  /** `Infinity` when it never ended: such a write may take effect at any time or never, and such a read says nothing. */
  readonly end: number
}

export interface Contradiction<Value> {
  /** The operation that cannot be, after the one that it contradicts, if there is one. */
  readonly operations: readonly RegisterOperation<Value>[]
  /** In a sentence. */
  readonly problem: string
}

/** A write with its reads. The initial value is a write before everything. */
interface Cluster<Value> {
  readonly write: RegisterOperation<Value>
  earliestEnd: RegisterOperation<Value>
  latestStart: RegisterOperation<Value>
}

type Clusters<Value> = Map<Value, Cluster<Value>>

function describe<Value>({ kind, value, start, end }: RegisterOperation<Value>): string {
  return start === -Infinity
    ? `the initial value ${String(value)}`
    : `the ${kind} of ${String(value)} (${start} to ${end})`
}

/** One cluster a write. @throws {TypeError} where two writes have one value, or an operation ends before it starts */
function clustersOf<Value>(history: readonly RegisterOperation<Value>[], initial: Value): Clusters<Value> {
  const clusters: Clusters<Value> = new Map()
  const add = (write: RegisterOperation<Value>): void => {
    if (clusters.has(write.value)) throw new TypeError(`${String(write.value)} was written twice`)
    clusters.set(write.value, { write, earliestEnd: write, latestStart: write })
  }
  add({ kind: 'write', value: initial, start: -Infinity, end: -Infinity })
  for (const operation of history) {
    if (!(operation.start <= operation.end))
      throw new TypeError(`${describe(operation)} ends before it starts`)
    if (operation.kind === 'write') add(operation)
  }
  return clusters
}

/** Puts a read into the cluster of its write, unless it cannot have seen that. */
function addRead<Value>(
  clusters: Clusters<Value>,
  read: RegisterOperation<Value>,
): Contradiction<Value> | undefined {
  const cluster = clusters.get(read.value)
  if (cluster === undefined)
    return { operations: [read], problem: `${describe(read)} returned a value that nobody wrote` }
  if (read.end < cluster.write.start) {
    const problem = `${describe(read)} ended before ${describe(cluster.write)} started`
    return { operations: [read, cluster.write], problem }
  }
  if (read.end < cluster.earliestEnd.end) cluster.earliestEnd = read
  if (read.start > cluster.latestStart.start) cluster.latestStart = read
  return undefined
}

/** Two clusters that must each come before the other: the operation that started last is the one that is told of. */
function contradictionOf<Value>(one: Cluster<Value>, other: Cluster<Value>): Contradiction<Value> {
  const isOneLater = one.latestStart.start >= other.latestStart.start
  const [stale, fresh] = isOneLater ? [one, other] : [other, one]
  const later = stale.latestStart
  const earlier = fresh.earliestEnd
  const problem =
    `${describe(later)} started after ${describe(earlier)} had ended, ` +
    `and yet ${describe(stale.earliestEnd)} had ended before ${describe(fresh.latestStart)} started`
  return { operations: [earlier, later], problem }
}

/** The last of the zones, which are in the order of their beginnings, that begins before a time. */
function lastZoneBefore<Value>(zones: readonly Cluster<Value>[], time: number): Cluster<Value> | undefined {
  let from = 0
  let to = zones.length
  while (from < to) {
    const middle = (from + to) >>> 1
    if ((zones[middle]?.earliestEnd.end ?? Infinity) < time) from = middle + 1
    else to = middle
  }
  return zones[from - 1]
}

/**
 * Looks for operations that no order explains; `undefined` when there are none, and the history is linearizable.
 *
 * @param initial the value before the first write; no write has it
 * @throws {TypeError} where two writes have one value, or an operation ends before it starts
 */
export function findContradiction<Value>(
  history: readonly RegisterOperation<Value>[],
  initial: Value,
): Contradiction<Value> | undefined {
  const clusters = clustersOf(history, initial)
  for (const operation of history) {
    if (operation.kind === 'write' || operation.end === Infinity) continue
    const contradiction = addRead(clusters, operation)
    if (contradiction !== undefined) return contradiction
  }
  const hasZone = ({ earliestEnd, latestStart }: Cluster<Value>): boolean =>
    earliestEnd.end < latestStart.start
  const all = [...clusters.values()]
  const zones = all.filter(hasZone).toSorted((a, b) => a.earliestEnd.end - b.earliestEnd.end)
  for (const [index, zone] of zones.entries()) {
    const before = zones[index - 1]
    if (before !== undefined && zone.earliestEnd.end < before.latestStart.start)
      return contradictionOf(before, zone)
  }
  for (const cluster of all) {
    if (hasZone(cluster)) continue
    const zone = lastZoneBefore(zones, cluster.latestStart.start)
    if (zone !== undefined && cluster.earliestEnd.end < zone.latestStart.start)
      return contradictionOf(zone, cluster)
  }
  return undefined
}
