/** The checker against `checkBijection`, which judges map and flog by code of its own, on images with random damages. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { inspect } from '@bttkit/btt'
import {
  FLOG_GROUP_BYTES,
  FLOG_SLOT_BYTES,
  MAP_ENTRY_BYTES,
  errorEntry,
  normalEntry,
  zeroEntry,
} from '@bttkit/btt-format'
import { checkBijection, isBijection } from '@bttkit/checker-lanes'
import type { Finding } from '@bttkit/interfaces'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAtomic } from '@bttkit/sleepable'
import type { FindingCode, ImageFinding } from './index.ts'
import { ARENA_BYTES, INFO_OFFSET, check, infoOf, twoArenas } from './image.test-support.ts'

const image = twoArenas(4160)
const info = infoOf(image, INFO_OFFSET)
const view = new DataView(image.buffer)
const lanes = info.nfree

/** Few blocks, so that they meet. */
const block = fc.oneof(fc.nat(50), fc.integer({ min: info.internalNlba - 6, max: info.internalNlba + 2 }))
const entry = fc.oneof(block.map(normalEntry), block.map(zeroEntry), block.map(errorEntry), fc.constant(0))

interface Damage {
  readonly offset: number
  readonly value: number
}

const start = fc.constantFrom(INFO_OFFSET, INFO_OFFSET + ARENA_BYTES)
const inMap = fc.record({
  offset: fc
    .tuple(start, fc.nat(45))
    .map(([arena, premap]) => arena + info.mapoff + premap * MAP_ENTRY_BYTES),
  value: entry,
})
/** The old or the new block of a slot. */
const inFlog = fc.record({
  offset: fc
    .tuple(start, fc.nat(lanes - 1), fc.nat(1), fc.constantFrom(4, 8))
    .map(
      ([arena, lane, slot, field]) =>
        arena + info.logoff + lane * FLOG_GROUP_BYTES + slot * FLOG_SLOT_BYTES + field,
    ),
  value: fc.nat(50),
})
const damages = fc.array(fc.oneof(inMap, inFlog), { maxLength: 6 })

function withDamages(list: readonly Damage[], body: () => void): void {
  const before = list.map(({ offset }) => view.getUint32(offset, true))
  for (const { offset, value } of list) view.setUint32(offset, value, true)
  try {
    body()
  } finally {
    for (const [index, { offset }] of [...list.entries()].toReversed())
      view.setUint32(offset, before[index] ?? 0, true)
  }
}

const BIJECTION: readonly FindingCode[] = [
  'map-range',
  'map-duplicate',
  'map-free',
  'flog-free-twice',
  'flog-sequence',
  'flog-range',
  'block-lost',
]

test('it finds that blocks are not one each whenever that is so, and names the same blocks', () => {
  fc.assert(
    fc.property(damages, (list) => {
      withDamages(list, () => {
        const provider = new MemoryProvider({ bytes: image })
        const report = runAtomic(checkBijection(provider, runAtomic(inspect(provider)).info))
        const { findings } = check(image)
        const isFound = findings.some(({ code }) => (BIJECTION as readonly string[]).includes(code))
        expect(isFound).toBe(!isBijection(report))
        const of = (code: FindingCode): Finding[] => findings.filter((finding) => finding.code === code)
        const named = (code: FindingCode): string[] =>
          of(code).map(({ arena, block: at }) => `${arena}:${at}`)
        const told = (found: { first: readonly { arena: number; block: number }[] }): string[] =>
          found.first.map(({ arena, block: at }) => `${arena}:${at}`)
        expect(named('map-duplicate').toSorted()).toEqual(told(report.mappedTwice).toSorted())
        expect(named('map-free').toSorted()).toEqual(told(report.mappedAndFree).toSorted())
        expect(named('flog-free-twice').toSorted()).toEqual(told(report.freeTwice).toSorted())
        for (const { arena, block: at, lbas } of report.mappedTwice.first) {
          const finding = of('map-duplicate').find((other) => other.arena === arena && other.block === at)
          expect((finding as ImageFinding | undefined)?.lbas).toEqual(lbas)
        }
      })
    }),
    { numRuns: 150 },
  )
})
