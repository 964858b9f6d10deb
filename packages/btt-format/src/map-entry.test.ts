import { expect, test } from 'vitest'
import {
  MAX_INTERNAL_NLBA,
  countErrorEntries,
  errorEntry,
  hasErrorFlag,
  mapBlock,
  mapState,
  normalEntry,
  stripFlags,
  zeroEntry,
} from './index.ts'

const PREMAP = 77

// Raw entry, its state, and the block that it holds for LBA 77.
test.each([
  [0x0000_0000, 'initial', PREMAP],
  [0x0000_0005, 'initial', PREMAP],
  [0x3fff_ffff, 'initial', PREMAP],
  [0x4000_0005, 'error', 5],
  [0x4000_0000, 'error', 0],
  [0x8000_0005, 'zero', 5],
  [0x8000_0000, 'zero', 0],
  [0xc000_0005, 'normal', 5],
  [0xc000_0000, 'normal', 0],
  [0xffff_ffff, 'normal', 0x3fff_ffff],
])('entry %i is %s and holds block %i', (entry, state, block) => {
  expect(mapState(entry)).toBe(state)
  expect(mapBlock(entry, PREMAP)).toBe(block)
})

test('an initial entry stands for the block of any LBA', () => {
  expect(mapBlock(0, 0)).toBe(0)
  expect(mapBlock(0, MAX_INTERNAL_NLBA - 1)).toBe(MAX_INTERNAL_NLBA - 1)
})

test.each([
  ['normal', normalEntry, 0xc000_0000],
  ['zero', zeroEntry, 0x8000_0000],
  ['error', errorEntry, 0x4000_0000],
])('a %s entry is its flags and its block, an unsigned number', (state, make, flags) => {
  for (const block of [0, 1, 5, MAX_INTERNAL_NLBA - 1]) {
    expect(make(block)).toBe(flags + block)
    expect(mapState(make(block))).toBe(state)
    expect(mapBlock(make(block), PREMAP)).toBe(block)
  }
})

test.each([
  [0x0000_0005, 5],
  [0x4000_0005, 5],
  [0x8000_0005, 5],
  [0xc000_0005, 5],
  [0xffff_ffff, 0x3fff_ffff],
])('%i without its flags is %i', (value, block) => {
  expect(stripFlags(value)).toBe(block)
})

// Linux marks an old block that was in error by E alone; with Z it is PMDK's normal entry.
test.each([
  [0x0000_0005, false],
  [0x4000_0005, true],
  [0x8000_0005, false],
  [0xc000_0005, false],
])('old value %i is of a block in error: %s', (value, isError) => {
  expect(hasErrorFlag(value)).toBe(isError)
})

test('of several entries those count that are in error, and not what their blocks look like', () => {
  const map = new Uint8Array(6 * 4)
  const view = new DataView(map.buffer)
  for (const [index, entry] of [
    errorEntry(0),
    normalEntry(0x4040_4040),
    zeroEntry(0x40),
    0x0040_4040,
    errorEntry(MAX_INTERNAL_NLBA - 1),
    0,
  ].entries())
    view.setUint32(index * 4, entry, true)
  expect(countErrorEntries(map)).toBe(2)
  expect(countErrorEntries(map.subarray(4))).toBe(1)
  expect(countErrorEntries(map.subarray(0, 0))).toBe(0)
})
