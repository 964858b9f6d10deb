import { expect, test } from 'vitest'
import { Findings, type Mismatch } from './findings.ts'
import { OwnPart } from './own-part.ts'
import { fillSector } from './sector-pattern.ts'
import { StressWords } from './stress-words.ts'

const SIZE = 512
const reader = { worker: 0, task: 1 }
const place = { lba: 20, start: 64, length: 128 }

function sectorOf(stamp: { task: number; generation: number; lba: number }): Uint8Array {
  const bytes = new Uint8Array(SIZE)
  fillSector(new DataView(bytes.buffer), 0, SIZE, { worker: 0, ...stamp })
  return bytes
}

const written = (generation: number): Uint8Array => sectorOf({ task: 1, generation, lba: 20 })

function partWith(generation: number): OwnPart {
  const part = new OwnPart(place, SIZE)
  part.expect(written(generation), generation)
  return part
}

function judged(part: OwnPart, sector: Uint8Array): readonly Partial<Mismatch>[] {
  const findings = new Findings(new StressWords({ tasks: 4, workers: 1 }), 4)
  part.judge(sector, reader, findings)
  return findings.mismatches
}

test('what was written last is right, zeros at first, and the rest of the sector is not looked at', () => {
  const others = sectorOf({ task: 2, generation: 9, lba: 20 })
  others.fill(0, 64, 192)
  expect(judged(new OwnPart(place, SIZE), others)).toEqual([])
  others.set(written(3).subarray(64, 192), 64)
  expect(judged(partWith(3), others)).toEqual([])
})

test('an older write that shows again is stale: somebody wrote it back', () => {
  expect(judged(partWith(3), written(2))).toMatchObject([
    { kind: 'stale', lba: 20, offset: 64, length: 128, expectedGeneration: 3, culprit: { generation: 2 } },
  ])
})

test('zeros where something was written are a loss', () => {
  expect(judged(partWith(3), new Uint8Array(SIZE))).toMatchObject([{ kind: 'lost', culprit: null }])
})

test("another sector's content names its writer, and only what lies in the part counts", () => {
  const actual = sectorOf({ task: 3, generation: 8, lba: 9 })
  expect(judged(partWith(3), actual)).toMatchObject([
    { kind: 'other LBA', offset: 64, length: 128, culprit: { task: 3, generation: 8, lba: 9 } },
  ])
})

test('what another task wrote into its own part has no place in this one', () => {
  expect(judged(partWith(3), sectorOf({ task: 2, generation: 8, lba: 20 }))).toMatchObject([
    { kind: 'torn', culprit: { task: 2 } },
  ])
})

test('after a failure nothing is known until the part is written again', () => {
  const part = partWith(3)
  part.doubt()
  expect(judged(part, written(2))).toEqual([])
  part.expect(undefined, null)
  expect(judged(part, written(2))).toMatchObject([{ kind: 'stale', expectedGeneration: null }])
})
