import { expect, test } from 'vitest'
import { Findings, type Mismatch } from './findings.ts'
import { OwnSectors } from './own-sectors.ts'
import { fillSector } from './sector-pattern.ts'
import { StressWords } from './stress-words.ts'

const SIZE = 512
const reader = { worker: 0, task: 1 }

function content(...generations: readonly (number | undefined)[]): Uint8Array {
  const bytes = new Uint8Array(generations.length * SIZE)
  for (const [i, generation] of generations.entries()) {
    if (generation !== undefined)
      fillSector(new DataView(bytes.buffer), i * SIZE, SIZE, { ...reader, generation, lba: 20 + i })
  }
  return bytes
}

function own(...generations: readonly (number | undefined)[]): OwnSectors {
  const sectors = new OwnSectors(20, generations.length, SIZE)
  sectors.expect(0, generations.length * SIZE, content(...generations))
  return sectors
}

function judged(sectors: OwnSectors, actual: Uint8Array): readonly Partial<Mismatch>[] {
  const words = new StressWords({ tasks: 4, workers: 1 })
  words.log.record(3, 8, 2)
  const findings = new Findings(words, 4)
  sectors.judge(actual, 0, sectors.count, reader, findings)
  expect(words.findings).toBe(findings.mismatchCount)
  return findings.mismatches
}

test('what was written last is right, and zeros at first', () => {
  expect(judged(new OwnSectors(20, 2, SIZE), content(undefined, undefined))).toEqual([])
  expect(judged(own(1, 2), content(1, 2))).toEqual([])
})

test('an older write is stale', () => {
  expect(judged(own(1, 3), content(1, 2))).toMatchObject([
    {
      lba: 21,
      offset: 0,
      length: 512,
      kind: 'stale',
      expectedGeneration: 3,
      culprit: { ...reader, generation: 2 },
    },
  ])
})

test('zeros where something was written are a loss', () => {
  expect(judged(own(1), content(undefined))).toMatchObject([{ lba: 20, kind: 'lost', culprit: null }])
})

test('something where zeros are expected names its writer', () => {
  expect(judged(own(undefined), content(7))).toMatchObject([{ kind: 'stale', expectedGeneration: null }])
})

test("a whole sector of another LBA names its writer's lane", () => {
  const actual = content(1)
  fillSector(new DataView(actual.buffer), 0, SIZE, { worker: 0, task: 3, generation: 8, lba: 9 })
  expect(judged(own(1), actual)).toMatchObject([
    { kind: 'other LBA', reader, culprit: { worker: 0, task: 3, generation: 8, lba: 9, lane: 2 } },
  ])
})

test('a part of another write makes a sector torn, and only this part is wrong', () => {
  const actual = content(1)
  const others = content(1)
  fillSector(new DataView(others.buffer), 0, SIZE, { worker: 0, task: 2, generation: 8, lba: 9 })
  actual.set(others.subarray(128, 192), 128)
  expect(judged(own(1), actual)).toMatchObject([
    { kind: 'torn', offset: 128, length: 64, culprit: { task: 2, lane: null } },
  ])
})

test('of one sector in many pieces some are kept and all are counted, so that others find room', () => {
  const actual = content(1, 1)
  for (let at = 0; at < SIZE; at += 64) actual.fill(0xee, at, at + 32)
  const findings = new Findings(new StressWords({ tasks: 4, workers: 1 }), 4)
  own(1, 2).judge(actual, 0, 2, reader, findings)
  expect(findings.mismatchCount).toBe(9)
  expect(findings.mismatches.map(({ lba }) => lba)).toEqual([20, 20, 20, 20, 21])
})

test('a write of a part leaves the rest as it was', () => {
  const sectors = own(1)
  sectors.expect(100, 301, content(2))
  const actual = content(1)
  actual.set(content(2).subarray(100, 301), 100)
  expect(judged(sectors, actual)).toEqual([])
  expect(judged(sectors, content(1)).length).toBeGreaterThan(0)
})

test('after a failure nothing is known, until the whole sector is written', () => {
  const sectors = own(1, 2)
  sectors.doubt(0, 10)
  expect(judged(sectors, content(9, 2))).toEqual([])
  expect(judged(sectors, content(9, 1))).toHaveLength(1)
  sectors.expect(0, 100, content(4, undefined))
  expect(judged(sectors, content(9, 2))).toEqual([])
  sectors.expect(0, SIZE, content(5, undefined))
  expect(judged(sectors, content(9, 2))).toHaveLength(1)
})
