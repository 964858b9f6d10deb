import { expect, test } from 'vitest'
import {
  FLOG_GROUP_BYTES,
  decodeFlogEntry,
  encodeFlogEntry,
  encodeFlogHalves,
  newerOf,
  nextSeq,
} from './index.ts'

// What writers leave: they start with 1 in the first slot and nothing in the second, and then number 1, 2, 3, 1, … by turns. The
// first slot's number, the second's, and which slot is newer.
const legal: readonly (readonly [number, number, 0 | 1])[] = [
  [1, 0, 0], // fresh
  [0, 1, 1], // fresh, the other way round
  [1, 2, 1],
  [3, 2, 0],
  [3, 1, 1],
  [2, 1, 0],
  [2, 3, 1],
  [1, 3, 0],
]

test.each(legal)('of %i and %i, slot %i is newer', (first, second, newer) => {
  expect(newerOf(first, second)).toBe(newer)
})

const illegal = Array.from({ length: 36 }, (_, i) => [Math.floor(i / 6), i % 6] as const).filter(
  ([first, second]) => !legal.some(([a, b]) => a === first && b === second),
)

test.each(illegal)('%i and %i are no pair that a writer leaves', (first, second) => {
  expect(newerOf(first, second)).toBeUndefined()
})

const small = [0, 1, 2, 3]
const big = [4, 5, 7, 0x100, 0x101, 0x7fff_ffff, 0x8000_0001, 0xffff_fffe, 0xffff_ffff]
test.each(big.flatMap((it) => [...small, ...big].map((other) => [it, other] as const)))(
  '%i makes no pair with %i, on either side',
  (it, other) => {
    expect(newerOf(it, other)).toBeUndefined()
    expect(newerOf(other, it)).toBeUndefined()
  },
)

test('the sequence numbers go 1, 2, 3, 1', () => {
  expect([1, 2, 3].map(nextSeq)).toEqual([2, 3, 1])
})

test('the first number after nothing is 1', () => {
  expect(nextSeq(0)).toBe(1)
})

test('after each write the slot that was written is the newer one', () => {
  const seq: [number, number] = [1, 0]
  for (let write = 0; write < 12; write++) {
    const newer = newerOf(seq[0], seq[1])
    expect(newer).toBe(write % 2)
    const written = newer === 0 ? 1 : 0
    seq[written] = nextSeq(seq[newer ?? 0])
  }
})

const entry = { lba: 0x01020304, oldMap: 0x40000005, newMap: 0xc0000006, seq: 3 }
const bytes = ['04030201', '05000040', '060000c0', '03000000'].join('')

test('an entry is LBA, old block, new block and sequence number', () => {
  const group = new Uint8Array(FLOG_GROUP_BYTES)
  group.set(Buffer.from(bytes, 'hex'), 16)
  expect(decodeFlogEntry(new DataView(group.buffer), 16)).toEqual(entry)
})

test.each([
  ['encodeFlogEntry', (view: DataView, at: number) => encodeFlogEntry(view, at, entry)],
  [
    'encodeFlogHalves',
    (view: DataView, at: number) =>
      encodeFlogHalves(view, at, entry.lba, entry.oldMap, entry.newMap, entry.seq),
  ],
])('%s writes the 16 bytes of its slot and no others', (_, encode) => {
  const group = new Uint8Array(FLOG_GROUP_BYTES).fill(0xee)
  encode(new DataView(group.buffer), 32)
  expect(Buffer.from(group).toString('hex')).toBe('ee'.repeat(32) + bytes + 'ee'.repeat(16))
})

test('fields are unsigned', () => {
  const view = new DataView(new Uint8Array(16).fill(0xff).buffer)
  expect(decodeFlogEntry(view, 0)).toEqual({
    lba: 0xffffffff,
    oldMap: 0xffffffff,
    newMap: 0xffffffff,
    seq: 0xffffffff,
  })
})
