/** What the trace event format demands of a file, and who reads it. */
import { expect } from 'vitest'

export interface CheckedEvent {
  readonly name: string
  readonly ph: string
  readonly pid: number
  readonly tid: number
  readonly ts: number
  readonly dur: number
  readonly args: Record<string, unknown>
}

const ofKind: Record<string, object> = {
  X: { cat: expect.any(String), ts: expect.any(Number), dur: expect.any(Number) },
  i: { cat: expect.any(String), ts: expect.any(Number), s: 'g' },
  M: {},
}

const isTime = (value: number): boolean => Number.isSafeInteger(value) && value >= 0

/** The events of a trace: each is well-formed, none of a track begins before its forerunner has ended, and each track has a name before its first event. */
export function checkTrace(text: string): CheckedEvent[] {
  const events: CheckedEvent[] = JSON.parse(text)
  const named = new Set<string>()
  const ends = new Map<string, number>()
  for (const event of events) {
    const { name, ph, pid, tid, ts, dur } = event
    const common = { name: expect.any(String), ph, pid: expect.any(Number), tid: expect.any(Number) }
    expect(event).toEqual({ ...common, args: expect.any(Object), ...ofKind[ph] })
    const track = `${pid} ${tid}`
    if (name === 'thread_name') named.add(track)
    if (ph === 'i') expect([isTime(ts), ts >= Math.max(0, ...ends.values())]).toEqual([true, true])
    if (ph !== 'X') continue
    expect(named).toContain(track)
    expect([isTime(ts), isTime(dur), dur > 0]).toEqual([true, true, true])
    expect(ts).toBeGreaterThanOrEqual(ends.get(track) ?? 0)
    ends.set(track, ts + dur)
  }
  return events
}
