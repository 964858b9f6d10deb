import { expect, test } from 'vitest'
import { UnsafeLanesError, type LaneTable } from '@bttkit/interfaces'
import { MutexLaneTable } from '@bttkit/region-lanes'
import { runAtomic } from '@bttkit/sleepable'
import { BttEngine } from './engine.ts'
import { interruptedMemory, parts, sha256 } from './engine.test-support.ts'

/** Lanes that work, and say of themselves that they might not. */
function engineWith(claims: Partial<Pick<LaneTable, 'isExclusive' | 'atomicWhileHeld'>>): BttEngine {
  const laneTable = (words: Int32Array): LaneTable =>
    Object.assign(new MutexLaneTable(words.subarray(0, -1)), claims)
  return new BttEngine({ ...parts, laneTable })
}

test.each([
  [{ isExclusive: false }, /two tasks into one lane.*allowUnsafeLanes/],
  [{ atomicWhileHeld: true }, /must not sleep.*allowUnsafeLanes/],
])(
  'an attach for writing under lanes that are %j is refused before anything is stored',
  (claims, message) => {
    const memory = interruptedMemory()
    const before = sha256(memory.mapping)
    const attaching = () => runAtomic(engineWith(claims).attach(memory))
    expect(attaching).toThrow(UnsafeLanesError)
    expect(attaching).toThrow(message)
    expect(sha256(memory.mapping)).toBe(before)
  },
)

test.each([{ isExclusive: false }, { atomicWhileHeld: true }])(
  'lanes that are %j are taken for reading, and for writing when that is wanted',
  (claims) => {
    const memory = interruptedMemory()
    const sector = new Uint8Array(512)
    runAtomic(engineWith(claims).attach(memory, { readOnly: true })).atomic.read(3, sector)
    expect(new Set(sector)).toEqual(new Set([2]))
    const device = runAtomic(engineWith(claims).attach(memory, { allowUnsafeLanes: true }))
    device.atomic.write(3, sector.fill(4))
    expect(device.info.state).toBe('clean')
  },
)
