import assert from 'node:assert/strict'
import type { ByteRange, PmemProvider } from '@bttkit/interfaces'
import { patternOf } from './bytes.ts'
import { without, type ConformanceCase } from './conformance-case.ts'
import { storingCalls } from './range-calls.ts'

function listed(provider: PmemProvider, offset: number, length: number): readonly ByteRange[] {
  const ranges = provider.dataRanges?.(offset, length) ?? []
  assert.ok(Array.isArray(ranges), 'dataRanges answers with a list, at once')
  let end = offset
  for (const range of ranges) {
    const what = `the data of ${range.length} bytes from ${range.offset} on`
    assert.ok(range.length > 0 && range.offset >= end, `${what} are not behind those before them, and apart`)
    end = range.offset + range.length
    assert.ok(end <= offset + length, `${what} are not within the range that was asked for`)
  }
  return ranges
}

async function assertHolesAreZeros(provider: PmemProvider): Promise<void> {
  const isData = new Uint8Array(provider.size)
  for (const { offset, length } of listed(provider, 0, provider.size)) isData.fill(1, offset, offset + length)
  const bytes = new Uint8Array(provider.size)
  await provider.read(0, bytes)
  const wrong = bytes.findIndex((byte, at) => byte !== 0 && isData[at] === 0)
  assert.equal(wrong, -1, `byte ${wrong} is in a hole, and not zero`)
}

/** Storage that knows its holes. */
export const dataRangeCases: readonly ConformanceCase[] = [
  {
    name: 'data ranges: the list is in order and apart, and within the range',
    skipReason: without('dataRanges'),
    async run({ provider }) {
      for (const offset of [8192, 32_768, 40_000]) await provider.write(offset, patternOf(100, 1))
      for (const [offset, length] of [
        [0, provider.size],
        [8200, 30_000],
        [1, 1],
        [provider.size, 0],
      ] as const)
        listed(provider, offset, length)
    },
  },
  {
    name: 'data ranges: what is stored by any call is in none of the holes, flushed or not',
    skipReason: without('dataRanges'),
    async run({ provider }) {
      for (const [index, { begin }] of storingCalls(provider).entries()) {
        await begin(4096 * (2 * index + 1) + 10, 100)
        await assertHolesAreZeros(provider)
      }
      await provider.flush()
      await assertHolesAreZeros(provider)
    },
  },
]
