import { afterEach, expect, test } from 'vitest'
import { BttEngine } from '@bttkit/btt'
import { LocalReadTracking, MutexLaneTable, MutexLocks } from '@bttkit/region-lanes'
import { runAtomic } from '@bttkit/sleepable'
import { ExploredImage, SECTOR_BYTES, initialFill } from './explored-image.ts'
import { ExploredMemory } from './explored-memory.ts'

const image = new ExploredImage()
const { memory } = image
afterEach(() => memory.rollBack())

const attached = () =>
  runAtomic(
    new BttEngine({
      laneTable: (words, { policy }) => new MutexLaneTable(words.subarray(0, -1), policy),
      lockTable: (words) => new MutexLocks(words, 'map-lock'),
      readTracking: (words) => new LocalReadTracking(words),
    }).attach(memory),
  )

const { info } = attached()
const arena = info.arenas[0]
if (arena === undefined) throw new RangeError('an image has an arena')
const mapAt = (lba: number): number => arena.offset + arena.mapoff + 4 * lba
const flogAt = (lane: number): number => arena.offset + arena.logoff + 64 * lane

function copy(from: number, to: number, length: number): void {
  memory.write(to, memory.bytes.slice(from, from + length))
}

test('memory goes back to its mark, whatever was written over what', () => {
  const bytes = new ExploredMemory(64)
  bytes.write(0, new Uint8Array(64).fill(1))
  bytes.mark()
  bytes.write(8, new Uint8Array(16).fill(2))
  bytes.write(0, new Uint8Array(12).fill(3))
  bytes.zero(20, 30)
  expect(bytes.written()).toEqual([
    { start: 8, end: 24 },
    { start: 0, end: 12 },
    { start: 20, end: 50 },
  ])
  bytes.rollBack(1)
  expect(bytes.bytes).toEqual(new Uint8Array(64).fill(1).fill(2, 8, 24))
  expect(bytes.writeCount).toBe(1)
  bytes.rollBack()
  expect(bytes.bytes).toEqual(new Uint8Array(64).fill(1))
  expect(bytes.written()).toEqual([])
})

test('the image has written sectors and some that never were', () => {
  const device = attached()
  const sector = new Uint8Array(SECTOR_BYTES)
  for (const lba of [0, 3, 31, 32, 1000]) {
    device.atomic.read(lba, sector)
    expect(new Set(sector)).toEqual(new Set([initialFill(lba)]))
  }
  expect(new Set([0, 3, 31, 32].map(initialFill)).size).toBe(4)
})

test('writes of sectors new and old keep the bijection', () => {
  const device = attached()
  for (const lba of [3, 4, 3, 40, 3, 31, 40, 5000])
    device.atomic.write(lba, new Uint8Array(SECTOR_BYTES).fill(1))
  expect(image.bijectionProblem()).toBeUndefined()
})

test('an entry that names another sector’s block is found, though that one was not written', () => {
  copy(mapAt(7), mapAt(3), 4)
  expect(image.bijectionProblem()).toMatch(/^block \d+ is held by nobody$/)
})

test('two written entries of one block are found', () => {
  copy(mapAt(3), mapAt(4), 4)
  copy(mapAt(3), mapAt(3), 4)
  expect(image.bijectionProblem()).toMatch(/^block \d+ is held by LBA 4 and LBA 3$/)
})

test('a block that is free twice is found', () => {
  copy(flogAt(1), flogAt(0), 32)
  expect(image.bijectionProblem()).toMatch(/^block \d+ is free for lane 1 and lane 0$/)
})

test('equal sequence numbers are found', () => {
  copy(flogAt(2), flogAt(2) + 16, 16)
  expect(image.bijectionProblem()).toBe('the flog of lane 2 has sequence numbers that no write leaves')
})
