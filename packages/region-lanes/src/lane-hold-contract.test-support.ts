/** What every lane table promises about a hold: its turn, its end, and the quarantine of its lane. */
import { LaneMisuseError, type LanePolicy, type LaneTable } from '@bttkit/interfaces'
import { runAsync } from '@bttkit/sleepable'
import { expect, test } from 'vitest'
import { turn } from './threads.test-support.ts'

const policies: LanePolicy[] = ['static', 'first-idle']

function turnContract(make: (lanes: number, policy: LanePolicy) => LaneTable): void {
  test.each(policies)('%s: a hold is released with its turn, and each hold has its own', (policy) => {
    const lanes = make(2, policy)
    const turns = [0, 1, 2].map(() => {
      lanes.tryAcquire(0)
      const hold = lanes.turnOf(0)
      lanes.release(0, hold)
      return hold
    })
    expect(new Set(turns).size).toBe(3)
    expect(lanes.heldCount()).toBe(0)
  })

  test.each(policies)('%s: the turn of a hold stays the same while other lanes come and go', (policy) => {
    const lanes = make(2, policy)
    lanes.tryAcquire(0)
    const hold = lanes.turnOf(0)
    lanes.tryAcquire(1)
    lanes.release(1)
    lanes.tryAcquire(1)
    expect(lanes.turnOf(0)).toBe(hold)
  })

  test.each(policies)('%s: a second release is an error also when somebody else has the lane', (policy) => {
    const lanes = make(1, policy)
    lanes.tryAcquire(0)
    const first = lanes.turnOf(0)
    lanes.release(0, first)
    lanes.tryAcquire(0)
    const second = lanes.turnOf(0)
    expect(() => lanes.release(0, first)).toThrow(LaneMisuseError)
    expect(() => lanes.quarantine(0, first)).toThrow(LaneMisuseError)
    expect([lanes.heldCount(), lanes.tryAcquire(0), lanes.turnOf(0)]).toEqual([1, undefined, second])
    lanes.release(0, second)
    expect(lanes.heldCount()).toBe(0)
  })

  test.each(policies)('%s: nor can it take the lane from a waiter that got it', async (policy) => {
    const lanes = make(1, policy)
    lanes.tryAcquire(0)
    const first = lanes.turnOf(0)
    const waiter = runAsync(lanes.acquire(0))
    await turn()
    lanes.release(0, first)
    await waiter
    expect(() => lanes.release(0, first)).toThrow(LaneMisuseError)
    expect(lanes.tryAcquire(0)).toBeUndefined()
    lanes.release(0, lanes.turnOf(0))
    expect(lanes.tryAcquire(0)).toBe(0)
  })

  test('a lane that is not there has no turn', () => {
    for (const lane of [-1, 2, 0.5, NaN])
      expect(() => make(2, 'static').turnOf(lane)).toThrow(LaneMisuseError)
  })
}

function quarantineContract(make: (lanes: number, policy: LanePolicy) => LaneTable): void {
  test.each(policies)('%s: nobody gets a quarantined lane, and it counts as held', (policy) => {
    const lanes = make(2, policy)
    lanes.tryAcquire(0)
    lanes.quarantine(0, lanes.turnOf(0))
    expect(lanes.heldCount()).toBe(1)
    expect(lanes.tryAcquire(1)).toBe(1)
    expect([lanes.tryAcquire(0), lanes.tryAcquire(1)]).toEqual([undefined, undefined])
  })

  test.each(policies)('%s: a quarantined lane is released by nobody, nor quarantined again', (policy) => {
    const lanes = make(1, policy)
    lanes.tryAcquire(0)
    const hold = lanes.turnOf(0)
    lanes.quarantine(0)
    expect(() => lanes.release(0)).toThrow(LaneMisuseError)
    expect(() => lanes.release(0, hold)).toThrow(LaneMisuseError)
    expect(() => lanes.quarantine(0)).toThrow(LaneMisuseError)
    expect([lanes.heldCount(), lanes.tryAcquire(0)]).toEqual([1, undefined])
  })

  test.each(policies)('%s: a restored lane is free, and the old hold is over', (policy) => {
    const lanes = make(1, policy)
    lanes.tryAcquire(0)
    const hold = lanes.turnOf(0)
    lanes.quarantine(0)
    lanes.restore(0)
    expect(lanes.heldCount()).toBe(0)
    expect(lanes.tryAcquire(0)).toBe(0)
    expect(() => lanes.release(0, hold)).toThrow(LaneMisuseError)
    expect(lanes.heldCount()).toBe(1)
  })

  test.each(policies)(
    '%s: a lane that is not held is not quarantined, nor one that is not there',
    (policy) => {
      const lanes = make(2, policy)
      for (const lane of [0, 2, -1, 0.5, NaN]) expect(() => lanes.quarantine(lane)).toThrow(LaneMisuseError)
      expect([lanes.heldCount(), lanes.tryAcquire(0)]).toEqual([0, 0])
    },
  )

  test.each(policies)('%s: a lane that is not quarantined is not restored, held or free', (policy) => {
    const lanes = make(2, policy)
    lanes.tryAcquire(0)
    for (const lane of [0, 1, 2, -1, 0.5, NaN]) expect(() => lanes.restore(lane)).toThrow(LaneMisuseError)
    expect([lanes.heldCount(), lanes.tryAcquire(1)]).toEqual([1, 1])
  })

  test.each(policies)('%s: a waiter gets the lane when it is restored, and not before', async (policy) => {
    const lanes = make(1, policy)
    lanes.tryAcquire(0)
    let got: number | undefined
    const waiter = runAsync(lanes.acquire(0)).then((lane) => (got = lane))
    await turn()
    lanes.quarantine(0)
    await turn()
    expect(got).toBeUndefined()
    lanes.restore(0)
    expect(await waiter).toBe(0)
    expect(lanes.heldCount()).toBe(1)
    lanes.release(0, lanes.turnOf(0))
  })
}

export function laneHoldContract(make: (lanes: number, policy: LanePolicy) => LaneTable): void {
  turnContract(make)
  quarantineContract(make)
}
