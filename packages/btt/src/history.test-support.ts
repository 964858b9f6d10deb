/**
 * Whether a history of one register can have happened one operation after the other. Each value is written once, so it is known which write a read
 * saw, and a simple test decides (Gibbons and Korach): the operations of a value span a zone, and zones must not contradict each other.
 */

export interface HistoryEvent {
  readonly kind: 'read' | 'write'
  readonly value: number
  /** By a clock that all threads share: when the operation was called, and when it had ended. */
  readonly start: number
  readonly end: number
}

/** The operations of a value: the earliest end of any, and the latest start. */
interface Zone {
  readonly value: number
  readonly firstEnd: number
  readonly lastStart: number
}

/** Whether an operation of the value ended before another began: the value was there from the one to the other, at least. */
const isForward = ({ firstEnd, lastStart }: Zone): boolean => firstEnd < lastStart

function zonesOf(events: readonly HistoryEvent[]): Zone[] {
  const zones = new Map<number, Zone>()
  for (const { value, start, end } of events) {
    const zone = zones.get(value) ?? { value, firstEnd: Infinity, lastStart: -Infinity }
    zones.set(value, {
      value,
      firstEnd: Math.min(zone.firstEnd, end),
      lastStart: Math.max(zone.lastStart, start),
    })
  }
  return [...zones.values()]
}

/** Why two zones contradict each other, if they do. */
function contradiction(one: Zone, other: Zone): string | undefined {
  if (!isForward(one)) return undefined
  if (isForward(other)) {
    const overlap = one.firstEnd < other.lastStart && other.firstEnd < one.lastStart
    return overlap ? `${one.value} and ${other.value} were both there` : undefined
  }
  const isInside = one.firstEnd < other.lastStart && other.firstEnd < one.lastStart
  return isInside ? `${other.value} came and went while ${one.value} was there` : undefined
}

/** The first thing that cannot be, in a history of one register. Values are written once each. */
export function historyProblem(events: readonly HistoryEvent[]): string | undefined {
  const writes = new Map<number, HistoryEvent>()
  for (const event of events) {
    if (event.kind === 'read') continue
    if (writes.has(event.value)) throw new Error(`${event.value} is written twice, so nothing can be told`)
    writes.set(event.value, event)
  }
  for (const { kind, value, end } of events) {
    const write = writes.get(value)
    if (write === undefined) return `${value} was read and never written`
    if (kind === 'read' && write.start > end) return `${value} was read before it was written`
  }
  const zones = zonesOf(events)
  for (const one of zones) {
    for (const other of zones) {
      const problem = one === other ? undefined : contradiction(one, other)
      if (problem !== undefined) return problem
    }
  }
  return undefined
}
