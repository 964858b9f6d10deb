import { expect, test } from 'vitest'
import { makeSequence } from './sequence.ts'
import { Places, type Workload } from './workload.ts'

const SHAPE: Workload = {
  operation: 'write',
  sectorBytes: 512,
  sectors: 96,
  unitSectors: 4,
  callSectors: 2,
  threads: 2,
  depth: 3,
}

function placesOf(workload: Workload, stream: number, count: number): number[] {
  const places = new Places(workload, makeSequence(1))
  return Array.from({ length: count }, (_, done) => places.lba(stream, done))
}

test('a stream goes to whole units within the sectors that are used', () => {
  const lbas = placesOf(SHAPE, 5, 1000)
  expect(lbas.every((lba) => lba >= 0 && lba + SHAPE.unitSectors <= SHAPE.sectors)).toBe(true)
  expect(lbas.every((lba) => lba % SHAPE.unitSectors === 0)).toBe(true)
})

test('no two streams have a unit in common, and together they have all', () => {
  const ofStreams = Array.from({ length: 6 }, (_, stream) => new Set(placesOf(SHAPE, stream, 1000)))
  const all = new Set(ofStreams.flatMap((lbas) => [...lbas]))
  expect(ofStreams.reduce((sum, lbas) => sum + lbas.size, 0)).toBe(all.size)
  expect(all.size).toBe(SHAPE.sectors / SHAPE.unitSectors)
})

test('a sequence begins again when it is over', () => {
  const places = new Places(SHAPE, new Uint32Array([0, 2 ** 31, 2 ** 32 - 1]))
  expect([0, 1, 2, 3].map((done) => places.lba(0, done))).toEqual([0, 48, 72, 0])
})

test('a seed determines a sequence', () => {
  expect(makeSequence(7).slice(0, 8)).toEqual(makeSequence(7).slice(0, 8))
  expect(makeSequence(7).slice(0, 8)).not.toEqual(makeSequence(8).slice(0, 8))
})

test('sectors that streams cannot share equally are refused', () => {
  expect(() => new Places({ ...SHAPE, sectors: 100 }, makeSequence(1))).toThrow(RangeError)
})
