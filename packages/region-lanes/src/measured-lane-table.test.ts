import { LaneMisuseError, type LaneTable, type LaneWaitOptions, type Sleepable } from '@bttkit/interfaces'
import { runAsync } from '@bttkit/sleepable'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { HISTORICAL_LANE_TABLES, MeasuredLaneTable, MutexLaneTable } from './index.ts'
import { laneTableContract } from './lane-table-contract.test-support.ts'

const rowsFor = (lanes: number): Float64Array => new Float64Array(MeasuredLaneTable.numbersFor(lanes))
const measured = (lanes: number): MeasuredLaneTable =>
  new MeasuredLaneTable(new MutexLaneTable(new Int32Array(lanes)), rowsFor(lanes))

laneTableContract(
  'MeasuredLaneTable over a MutexLaneTable',
  (lanes, policy) => new MeasuredLaneTable(new MutexLaneTable(new Int32Array(lanes), policy), rowsFor(lanes)),
)

const NOTHING = { acquisitions: 0, waits: 0, waitMs: 0, holdMs: 0 }

describe('by a clock that stands still between the steps', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })
  const pass = (ms: number): void => void vi.advanceTimersByTime(ms)

  test('a new table has counted nothing', () => {
    expect(measured(2).statistics()).toEqual([NOTHING, NOTHING])
  })

  test('lanes that are taken at once are counted, with the time until their release', async () => {
    const lanes = measured(2)
    lanes.tryAcquire(1)
    pass(5)
    lanes.release(1)
    expect(await runAsync(lanes.acquire(1))).toBe(1)
    pass(7)
    lanes.release(1, lanes.turnOf(1))
    expect(lanes.statistics()).toEqual([NOTHING, { acquisitions: 2, waits: 0, waitMs: 0, holdMs: 12 }])
  })

  test('the time of a hold is counted when it ends', () => {
    const lanes = measured(1)
    lanes.tryAcquire(0)
    pass(5)
    expect(lanes.statistics()).toEqual([{ acquisitions: 1, waits: 0, waitMs: 0, holdMs: 0 }])
  })

  test('a lane that is not to be had is not counted', () => {
    const lanes = measured(1)
    lanes.tryAcquire(0)
    expect(lanes.tryAcquire(0)).toBeUndefined()
    expect(lanes.statistics()[0]?.acquisitions).toBe(1)
  })

  test('a wait is counted with its time, for the lane that it brought', async () => {
    const lanes = measured(2)
    lanes.tryAcquire(0)
    lanes.tryAcquire(1)
    const waiter = runAsync(lanes.acquire(0))
    pass(3)
    lanes.release(1)
    expect(await waiter).toBe(1)
    pass(4)
    lanes.release(1)
    expect(lanes.statistics()).toEqual([
      { acquisitions: 1, waits: 0, waitMs: 0, holdMs: 0 },
      { acquisitions: 2, waits: 1, waitMs: 3, holdMs: 7 },
    ])
  })

  test('an acquisition that waits several times is one wait, from the first on', () => {
    class Twice extends MutexLaneTable {
      override *acquire(hint: number): Sleepable<number> {
        yield Promise.resolve()
        yield Promise.resolve()
        return this.tryAcquire(hint) ?? NaN
      }
    }
    const lanes = new MeasuredLaneTable(new Twice(new Int32Array(1)), rowsFor(1))
    const operation = lanes.acquire(0)
    operation.next()
    pass(3)
    operation.next()
    pass(4)
    expect(operation.next()).toEqual({ done: true, value: 0 })
    expect(lanes.statistics()).toEqual([{ acquisitions: 1, waits: 1, waitMs: 7, holdMs: 0 }])
  })

  test('a wait that ends with an error is not counted', async () => {
    const lanes = measured(1)
    lanes.tryAcquire(0)
    const controller = new AbortController()
    const waiter = runAsync(lanes.acquire(0, { signal: controller.signal }))
    pass(3)
    controller.abort()
    await expect(waiter).rejects.toThrow('lane 0')
    expect(lanes.statistics()[0]).toMatchObject({ acquisitions: 1, waits: 0, waitMs: 0 })
  })

  test('a point where others may run first is no wait', () => {
    const options = { cpuCount: 2, isPreemptedBeforeLock: true }
    const inner = HISTORICAL_LANE_TABLES['recursion-count'].make(new Int32Array(1), 'static', options)
    const lanes = new MeasuredLaneTable(inner, rowsFor(1))
    const operation = lanes.acquire(0)
    expect(operation.next().done).toBe(false)
    pass(3)
    expect(operation.next()).toEqual({ done: true, value: 0 })
    expect(lanes.statistics()).toEqual([{ acquisitions: 1, waits: 0, waitMs: 0, holdMs: 0 }])
  })

  test('a quarantined lane counts as held until it is restored', () => {
    const lanes = measured(1)
    lanes.tryAcquire(0)
    pass(2)
    lanes.quarantine(0, lanes.turnOf(0))
    pass(5)
    lanes.restore(0)
    pass(11)
    expect(lanes.statistics()[0]?.holdMs).toBe(7)
  })

  test('a release that is wrong counts nothing, and takes no time from the holder', () => {
    const lanes = measured(1)
    lanes.tryAcquire(0)
    const stale = lanes.turnOf(0)
    lanes.release(0)
    pass(1)
    expect(() => lanes.release(0)).toThrow(LaneMisuseError)
    lanes.tryAcquire(0)
    pass(2)
    expect(() => lanes.release(0, stale)).toThrow(LaneMisuseError)
    expect(() => lanes.quarantine(0, stale)).toThrow(LaneMisuseError)
    expect(() => lanes.restore(0)).toThrow(LaneMisuseError)
    expect(() => lanes.release(7)).toThrow(LaneMisuseError)
    expect(lanes.statistics()[0]?.holdMs).toBe(0)
    pass(2)
    lanes.release(0)
    expect(lanes.statistics()[0]?.holdMs).toBe(4)
  })

  test('tables of several threads count in the same rows', () => {
    const rows = rowsFor(1)
    const inner = new MutexLaneTable(new Int32Array(1))
    const [here, there] = [new MeasuredLaneTable(inner, rows), new MeasuredLaneTable(inner, rows)]
    for (const lanes of [here, there]) {
      lanes.tryAcquire(0)
      pass(2)
      lanes.release(0)
    }
    expect(here.statistics()).toEqual([{ acquisitions: 2, waits: 0, waitMs: 0, holdMs: 4 }])
    expect(there.statistics()).toEqual(here.statistics())
  })

  test('what another thread restored is held until its quarantine, and is not counted again', () => {
    const rows = rowsFor(1)
    const inner = new MutexLaneTable(new Int32Array(1))
    const [here, there] = [new MeasuredLaneTable(inner, rows), new MeasuredLaneTable(inner, rows)]
    here.tryAcquire(0)
    pass(2)
    here.quarantine(0)
    pass(5)
    there.restore(0)
    here.tryAcquire(0)
    expect(() => here.restore(0)).toThrow(LaneMisuseError)
    pass(3)
    here.quarantine(0)
    pass(1)
    here.restore(0)
    expect(here.statistics()).toEqual([{ acquisitions: 2, waits: 0, waitMs: 0, holdMs: 6 }])
  })

  test('a lane that was taken over from a dead thread is held from then on', () => {
    const inner: LaneTable = Object.assign(new MutexLaneTable(new Int32Array(2)), {
      takeOver: (lane: number) => lane === 0,
      lanesOf: (thread: number) => [thread],
    })
    inner.tryAcquire(0)
    pass(4)
    const lanes = new MeasuredLaneTable(inner, rowsFor(2))
    expect([lanes.takeOver?.(1, 5), lanes.takeOver?.(0, 5), lanes.lanesOf?.(5)]).toEqual([false, true, [5]])
    pass(2)
    lanes.release(0)
    expect(lanes.statistics()).toEqual([{ ...NOTHING, holdMs: 2 }, NOTHING])
  })
})

test('over a table of one thread there is nothing to take over', () => {
  const lanes = measured(1)
  expect(['takeOver' in lanes, 'lanesOf' in lanes]).toEqual([false, false])
})

test('it is what the table is that it measures', () => {
  for (const model of Object.values(HISTORICAL_LANE_TABLES)) {
    const inner = model.make(new Int32Array(3), 'static', { cpuCount: 2 })
    const { laneCount, atomicWhileHeld, isExclusive } = new MeasuredLaneTable(inner, rowsFor(3))
    expect({ laneCount, atomicWhileHeld, isExclusive }).toEqual({
      laneCount: 3,
      atomicWhileHeld: inner.atomicWhileHeld,
      isExclusive: inner.isExclusive,
    })
  }
})

test('numbers that are too few for the lanes are refused', () => {
  expect(() => new MeasuredLaneTable(new MutexLaneTable(new Int32Array(3)), rowsFor(2))).toThrow(TypeError)
})

test('an error that a driver throws into the wait comes to the table that is measured', () => {
  const seen: unknown[] = []
  class Noting extends MutexLaneTable {
    override *acquire(_hint: number, _options?: LaneWaitOptions): Sleepable<number> {
      try {
        yield Promise.resolve()
        return 0
      } catch (error) {
        seen.push(error)
        throw error
      } finally {
        seen.push('ended')
      }
    }
  }
  const lanes = new MeasuredLaneTable(new Noting(new Int32Array(1)), rowsFor(1))
  const [thrown, returned] = [lanes.acquire(0), lanes.acquire(0)]
  thrown.next()
  returned.next()
  expect(() => thrown.throw('refused')).toThrow('refused')
  returned.return(0)
  expect(seen).toEqual(['refused', 'ended', 'ended'])
})
