import assert from 'node:assert/strict'
import { assertStored, fillStart, patternOf, readBytes } from './bytes.ts'
import { anyOf, without, withoutCrash, type ConformanceCase } from './conformance-case.ts'
import type { Subject } from './subject.ts'

const MODEL_BYTES = 16_384
const LINE_BYTES = 64

/** Either of two patterns in each unit that a crash may tear, and nothing else. */
function assertOldOrNew(found: Uint8Array, old: Uint8Array, fresh: Uint8Array, unitBytes: number): void {
  for (let start = 0; start < found.length; start += unitBytes) {
    const end = Math.min(start + unitBytes, found.length)
    const unit = Buffer.from(found.subarray(start, end))
    const isOldOrNew = unit.equals(old.subarray(start, end)) || unit.equals(fresh.subarray(start, end))
    assert.ok(isOldOrNew, `bytes ${start} to ${end} are neither what was there nor what was written`)
  }
}

/** The cases write in several units of up to this many bytes. */
const LARGEST_UNIT_BYTES = 8192

const tearsInLargerUnits = ({ provider }: Subject): string | undefined =>
  provider.capabilities.tearGranularityBytes > LARGEST_UNIT_BYTES
    ? `tearGranularityBytes is above ${LARGEST_UNIT_BYTES}`
    : undefined

const hasLargerAtoms = ({ provider }: Subject): string | undefined =>
  provider.capabilities.atomicWriteBytes > LARGEST_UNIT_BYTES
    ? `atomicWriteBytes is above ${LARGEST_UNIT_BYTES}`
    : undefined

const withoutLineOrder = ({ provider }: Subject): string | undefined =>
  provider.capabilities.sameLineOrdered ? undefined : 'stores to one line are in no order'

const withoutDurableWrites = ({ provider }: Subject): string | undefined =>
  provider.capabilities.durableOnWrite ? undefined : 'a write is not durable without a flush'

/** What a power cut leaves of what was not flushed, and what it takes nothing of. */
export const crashCases: readonly ConformanceCase[] = [
  {
    name: 'power cut: what was not flushed is old or new, and nothing else is touched',
    skipReason: anyOf(tearsInLargerUnits, withoutCrash),
    async run(subject) {
      const { provider } = subject
      const { tearGranularityBytes } = provider.capabilities
      const old = await fillStart(provider, MODEL_BYTES)
      await provider.flush()
      const fresh = old.slice()
      // Neither begins or ends at the border of a unit.
      for (const offset of [100, 9000]) {
        const piece = patternOf(2000, offset)
        fresh.set(piece, offset)
        await provider.write(offset, piece)
      }
      const found = await readBytes(await subject.crash(), 0, MODEL_BYTES)
      assertOldOrNew(found, old, fresh, tearGranularityBytes)
    },
  },
  {
    name: 'power cut: an aligned write of atomicWriteBytes is whole or undone',
    skipReason: anyOf(hasLargerAtoms, withoutCrash),
    async run(subject) {
      const { provider } = subject
      const { atomicWriteBytes } = provider.capabilities
      const old = await fillStart(provider, MODEL_BYTES)
      await provider.flush()
      const fresh = patternOf(MODEL_BYTES, 8)
      for (let offset = 0; offset < MODEL_BYTES; offset += atomicWriteBytes) {
        await provider.write(offset, fresh.slice(offset, offset + atomicWriteBytes))
      }
      assertOldOrNew(await readBytes(await subject.crash(), 0, MODEL_BYTES), old, fresh, atomicWriteBytes)
    },
  },
  {
    name: 'power cut: of the stores to one line a first part is there, where they are in order',
    skipReason: anyOf(withoutLineOrder, withoutCrash),
    async run(subject) {
      const { provider } = subject
      const line = await fillStart(provider, LINE_BYTES)
      await provider.flush()
      const possible = [line.toString()]
      // From the last on, so that an order of addresses would show.
      for (let offset = LINE_BYTES - 8; offset >= 0; offset -= 8) {
        const piece = patternOf(8, offset + 1)
        line.set(piece, offset)
        await provider.write(offset, piece)
        possible.push(line.toString())
      }
      const found = await readBytes(await subject.crash(), 0, LINE_BYTES)
      assert.ok(
        possible.includes(found.toString()),
        'a later store to the line is there without an earlier one',
      )
    },
  },
  {
    name: 'power cut: it takes nothing that persist was called for',
    skipReason: anyOf(without('persist'), withoutCrash),
    async run(subject) {
      const { provider } = subject
      const piece = patternOf(700, 6)
      await provider.write(1300, piece)
      await provider.persist?.(1300, 700)
      await assertStored(await subject.crash(), 1300, piece, 'the range')
    },
  },
  {
    name: 'power cut: several persists at once each keep their range',
    skipReason: anyOf(without('persist'), withoutCrash),
    async run(subject) {
      const { provider } = subject
      const pieces = [0, 5000, 9000].map((offset) => ({ offset, bytes: patternOf(700, offset) }))
      for (const { offset, bytes } of pieces) await provider.write(offset, bytes)
      await Promise.all(pieces.map(async ({ offset }) => provider.persist?.(offset, 700)))
      const found = await subject.crash()
      for (const { offset, bytes } of pieces)
        await assertStored(found, offset, bytes, `the range at ${offset}`)
    },
  },
  {
    name: 'power cut: it takes nothing of the ranges that persistMany was called for',
    skipReason: anyOf(without('persistMany'), withoutCrash),
    async run(subject) {
      const { provider } = subject
      // Some in one line, some that meet, and not in order.
      const ranges = [9000, 9020, 0, 5000, 5700].map((offset) => ({
        offset,
        length: offset < 9000 ? 700 : 9,
      }))
      const bytes = patternOf(16_384, 3)
      await provider.write(0, bytes)
      await provider.persistMany?.(ranges)
      const found = await subject.crash()
      for (const { offset, length } of ranges)
        await assertStored(found, offset, bytes.subarray(offset, offset + length), `the range at ${offset}`)
    },
  },
  {
    name: 'power cut: it takes nothing that writeThrough stored, whatever becomes of other writes',
    skipReason: anyOf(without('writeThrough'), withoutCrash),
    async run(subject) {
      const { provider } = subject
      const model = await fillStart(provider, 4096)
      await provider.flush()
      await provider.write(0, patternOf(4096, 9))
      const source = patternOf(900, 4)
      await provider.writeThrough?.(1300, source, 100, 700)
      await provider.write(3000, patternOf(200, 5))
      model.set(source.subarray(100, 800), 1300)
      await assertStored(await subject.crash(), 1300, model.subarray(1300, 2000), 'what was written through')
    },
  },
  {
    name: 'power cut: it takes no write where writes are durable when they are complete',
    skipReason: anyOf(withoutDurableWrites, withoutCrash),
    async run(subject) {
      const model = await fillStart(subject.provider, 4096)
      await assertStored(await subject.crash(), 0, model, 'the storage after the power cut')
    },
  },
]
