import * as fc from 'fast-check'
import type { LanePolicy, LaneTable, Sleepable } from '@bttkit/interfaces'
import { Scheduler, preemptionPoint, runAsync, type ScheduledTask } from '@bttkit/sleepable'
import { expect, test } from 'vitest'
import { MutexLaneTable } from './index.ts'

const policy = fc.constantFrom<LanePolicy>('static', 'first-idle')

/** Ways in which the event loop can run others: a microtask, a turn, a timer. */
const pauses = {
  microtask: () => Promise.resolve(),
  turn: () => new Promise<void>((resolve) => void setImmediate(resolve)),
  timer: () => new Promise<void>((resolve) => void setTimeout(resolve, 0)),
}
const pause = fc.constantFrom<keyof typeof pauses>(
  'microtask',
  'microtask',
  'microtask',
  'turn',
  'turn',
  'timer',
)

/** Who is in which lane; notes when there are two. */
class Watch {
  private readonly inside = new Map<number, number>()
  readonly violations: string[] = []

  enter(lane: number, task: number): void {
    const other = this.inside.get(lane)
    if (other !== undefined) this.violations.push(`${task} entered lane ${lane} of ${other}`)
    this.inside.set(lane, task)
  }

  leave(lane: number, task: number): void {
    if (this.inside.get(lane) !== task) this.violations.push(`${task} is no longer alone in lane ${lane}`)
    this.inside.delete(lane)
  }
}

const task = fc.record({
  hint: fc.nat(20),
  before: fc.array(pause, { maxLength: 3 }),
  within: fc.array(pause, { maxLength: 3 }),
})
type Task = typeof task extends fc.Arbitrary<infer T> ? T : never

async function use(
  lanes: LaneTable,
  watch: Watch,
  number: number,
  { hint, before, within }: Task,
): Promise<number> {
  for (const way of before) await pauses[way]()
  const lane = await runAsync(lanes.acquire(hint))
  watch.enter(lane, number)
  for (const way of within) await pauses[way]()
  watch.leave(lane, number)
  lanes.release(lane)
  return lane
}

test('a lane has one user, whatever the tasks wait for in it', async () => {
  const property = fc.asyncProperty(
    policy,
    fc.integer({ min: 1, max: 5 }),
    fc.array(task, { minLength: 2, maxLength: 40 }),
    async (kind, laneCount, tasks) => {
      const lanes = new MutexLaneTable(new Int32Array(laneCount), kind)
      const watch = new Watch()
      const used = await Promise.all(tasks.map((it, number) => use(lanes, watch, number, it)))
      expect(watch.violations).toEqual([])
      expect(lanes.heldCount()).toBe(0)
      const allowed = tasks.filter((it, i) => kind === 'first-idle' || used[i] === it.hint % laneCount)
      expect(allowed).toHaveLength(tasks.length)
    },
  )
  await fc.assert(property, { numRuns: 60 })
})

test('the watch sees two users of a lane', () => {
  const watch = new Watch()
  watch.enter(1, 10)
  watch.enter(1, 11)
  watch.leave(1, 10)
  expect(watch.violations).toHaveLength(2)
})

/** The user of a lane as an operation, which can be ended at any of its waits. */
function* using(lanes: LaneTable, watch: Watch, number: number, hint: number): Sleepable<void> {
  const lane = yield* lanes.acquire(hint)
  watch.enter(lane, number)
  try {
    yield preemptionPoint({ object: 'lane', kind: 'write', start: lane, end: lane + 1 })
  } finally {
    watch.leave(lane, number)
    lanes.release(lane)
  }
}

interface Driven {
  readonly operation: Sleepable<void>
  readonly task: ScheduledTask<void>
}

/** Ends the operation of a task from outside, as a cancelled request would. */
function end(victim: Driven, how: 'throw' | 'return'): void {
  const cancelled = new Error('cancelled')
  try {
    if (how === 'return') victim.operation.return()
    else victim.operation.throw(cancelled)
  } catch (error) {
    if (error !== cancelled) throw error
  }
}

test('no lane is lost or shared when operations are ended at any of their waits, in any order', () => {
  const step = fc.record({ pick: fc.nat(), end: fc.constantFrom('no', 'no', 'no', 'throw', 'return') })
  const property = fc.property(
    policy,
    fc.integer({ min: 1, max: 4 }),
    fc.array(fc.nat(20), { minLength: 2, maxLength: 12 }),
    fc.array(step, { maxLength: 60 }),
    (kind, laneCount, hints, steps) => {
      const lanes = new MutexLaneTable(new Int32Array(laneCount), kind)
      const watch = new Watch()
      const scheduler = new Scheduler()
      let alive: Driven[] = hints.map((hint, number) => {
        const operation = using(lanes, watch, number, hint)
        return { operation, task: scheduler.add(`task ${number}`, operation) }
      })
      for (const { pick, end: how } of steps) {
        const candidates = how === 'no' ? alive.filter((it) => it.task.state === 'runnable') : alive
        const chosen = candidates[pick % candidates.length]
        if (chosen === undefined) continue
        if (how === 'no') chosen.task.resume()
        else end(chosen, how)
        alive = alive.filter((it) => it.task.state !== 'done' && (it !== chosen || how === 'no'))
      }
      // Those that are left run to their ends: a lane that was lost would leave some of them waiting.
      for (;;) {
        const next = alive.find((it) => it.task.state === 'runnable')
        if (next === undefined) break
        next.task.resume()
      }
      expect(alive.filter((it) => it.task.state !== 'done').map((it) => it.task.name)).toEqual([])
      expect(watch.violations).toEqual([])
      expect(lanes.heldCount()).toBe(0)
    },
  )
  fc.assert(property, { numRuns: 1000 })
})
