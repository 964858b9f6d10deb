import { expect, test } from 'vitest'
import { CURRENT_SLOTS, FLOG_GROUP_BYTES, FlogSlotDetector, OLD_SLOTS } from './index.ts'

/** A flog of groups whose named slots are used. */
function flog(...groups: readonly (readonly number[])[]): DataView {
  const view = new DataView(new ArrayBuffer(groups.length * FLOG_GROUP_BYTES))
  for (const [i, slots] of groups.entries()) {
    for (const slot of slots) view.setUint32(i * FLOG_GROUP_BYTES + slot * 16 + 12, 1, true)
  }
  return view
}

const FRESH = [0]
const CURRENT = [0, 1]
const OLD = [0, 2]

function examine(...views: DataView[]): FlogSlotDetector {
  const detector = new FlogSlotDetector()
  for (const view of views) detector.examine(view)
  return detector
}

test('slots 0 and 1 are the current layout, 0 and 2 the old one', () => {
  expect(CURRENT_SLOTS).toEqual({ first: 0, second: 1 })
  expect(OLD_SLOTS).toEqual({ first: 0, second: 2 })
})

test.each([
  ['nothing at all', [], CURRENT_SLOTS],
  ['fresh groups', [FRESH, FRESH, FRESH], CURRENT_SLOTS],
  ['a group with slots 0 and 1', [CURRENT], CURRENT_SLOTS],
  ['a group with slots 0 and 2', [OLD], OLD_SLOTS],
  ['a group that tells after fresh ones', [FRESH, FRESH, OLD, FRESH], OLD_SLOTS],
  ['groups that agree', [OLD, FRESH, OLD, OLD], OLD_SLOTS],
  ['groups that agree', [CURRENT, FRESH, CURRENT, CURRENT], CURRENT_SLOTS],
])('%s: %#', (_, groups, slots) => {
  const detector = examine(flog(...groups))
  expect(detector.slots).toEqual(slots)
  expect(detector.conflictingGroup).toBeUndefined()
})

test.each([
  ['the current layout after the old one', [OLD, FRESH, CURRENT], 2],
  ['the old layout after the current one', [CURRENT, OLD, OLD], 1],
  ['an all-zero group', [FRESH, [], FRESH], 1],
  ['only the second slot', [FRESH, FRESH, [1]], 2],
  ['only the third slot', [[2]], 0],
  ['only the fourth slot', [[3]], 0],
  ['slots 0 and 3', [[0, 3]], 0],
  ['slots 1 and 2', [CURRENT, [1, 2]], 1],
  ['slots 0, 1 and 2', [CURRENT, CURRENT, [0, 1, 2]], 2],
  ['all four slots', [[0, 1, 2, 3]], 0],
])('%s is a conflict, in the first group that has it', (_, groups, group) => {
  expect(examine(flog(...groups)).conflictingGroup).toBe(group)
})

test('the first conflict is the one that is told', () => {
  expect(examine(flog(FRESH, [3], [], OLD, CURRENT)).conflictingGroup).toBe(1)
})

test('a conflict does not hide the layout of the groups before it', () => {
  expect(examine(flog(OLD, [3])).slots).toEqual(OLD_SLOTS)
})

test('a group of garbage does not decide the layout', () => {
  expect(examine(flog([3], OLD)).slots).toEqual(OLD_SLOTS)
})

test('a flog may be examined in pieces', () => {
  const detector = examine(flog(FRESH, OLD), flog(FRESH), flog(), flog(OLD, CURRENT))
  expect(detector.slots).toEqual(OLD_SLOTS)
  expect(detector.conflictingGroup).toBe(4)
})

test.each(Array.from({ length: 16 }, (_, byte) => byte))(
  'a slot is used if only its byte %i is not zero',
  (byte) => {
    const view = flog(FRESH)
    view.setUint8(2 * 16 + byte, 0x80)
    expect(examine(view).slots).toEqual(OLD_SLOTS)
  },
)

test('a view of a part of a buffer is examined alone', () => {
  const whole = flog([3], OLD, [3])
  const part = new DataView(whole.buffer, FLOG_GROUP_BYTES, FLOG_GROUP_BYTES)
  expect(examine(part).conflictingGroup).toBeUndefined()
})

test('a group that was lost tells nothing, and its number is that of its place', () => {
  const detector = new FlogSlotDetector()
  detector.examine(flog([3], OLD), new Set([0]))
  expect(detector.slots).toEqual(OLD_SLOTS)
  expect(detector.conflictingGroup).toBeUndefined()
  detector.examine(flog(CURRENT))
  expect(detector.conflictingGroup).toBe(2)
})
