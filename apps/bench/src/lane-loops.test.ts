import { expect, test } from 'vitest'
import { LANE_COUNT, floorLoop, laneLoops, sumOfLanes, type LaneSubject } from './lane-loops.ts'

const SUBJECTS: readonly LaneSubject[] = [
  { table: 'mutex', policy: 'static' },
  { table: 'mutex', policy: 'first-idle' },
  { table: 'shared', policy: 'static' },
  { table: 'shared', policy: 'first-idle' },
]

test('the hints come round to the first lane after the last', () => {
  expect(sumOfLanes(LANE_COUNT - 2, 4)).toBe(LANE_COUNT - 2 + (LANE_COUNT - 1) + 0 + 1)
})

test.each(SUBJECTS)(
  'every loop has the lanes that were hinted at, and gives them back: $table, $policy',
  (subject) => {
    const loops = { floor: floorLoop(subject.policy), ...laneLoops(subject) }
    for (const loop of Object.values(loops)) {
      // A lane that was not given back would be missed in the second round.
      expect(loop(7, LANE_COUNT)).toBe(sumOfLanes(7, LANE_COUNT))
      expect(loop(0, 2 * LANE_COUNT)).toBe(sumOfLanes(0, 2 * LANE_COUNT))
    }
  },
)
