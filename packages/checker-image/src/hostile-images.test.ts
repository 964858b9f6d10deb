/** Images of random bytes in the right places: the check comes to its end, and what it does not call damaged can be attached. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { inspect } from '@bttkit/btt'
import {
  FLOG_GROUP_BYTES,
  INFO_BLOCK_BYTES,
  MAP_ENTRY_BYTES,
  infoChecksum,
  infoFieldOffset,
} from '@bttkit/btt-format'
import { checkBijection, isBijection } from '@bttkit/checker-lanes'
import { kernelImage, poolImage } from '@bttkit/fixtures'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAtomic } from '@bttkit/sleepable'
import { INFO_OFFSET, check, engine, infoOf, smallImage } from './image.test-support.ts'

const image = smallImage(4160)
const info = infoOf(image, INFO_OFFSET)
const pristine = image.slice()

interface Change {
  readonly at: number
  readonly bytes: Uint8Array
}

/** Numbers that limits are made of, and any. */
const bytes = fc.oneof(
  fc.constantFrom(Uint8Array.of(0), Uint8Array.of(1), Uint8Array.of(0xff), new Uint8Array(4).fill(0xff)),
  fc.constantFrom(Uint8Array.of(0, 0x10), Uint8Array.of(0, 0, 0, 0x40), Uint8Array.of(0, 0, 0, 0xc0)),
  fc.uint8Array({ minLength: 1, maxLength: 8 }),
)

const inInfo = fc.record({ at: fc.integer({ min: 16, max: 126 }), bytes })
const inFlog = fc.record({
  at: fc.nat(info.nfree * FLOG_GROUP_BYTES - 9).map((at) => INFO_OFFSET + info.logoff + at),
  bytes,
})
const inMap = fc.record({
  at: fc.nat(60 * MAP_ENTRY_BYTES).map((at) => INFO_OFFSET + info.mapoff + at),
  bytes,
})

/** Attaches for writing, and counts the blocks. */
function expectSound(damaged: Uint8Array): void {
  const provider = new MemoryProvider({ bytes: damaged })
  runAtomic(runAtomic(engine.attach(provider)).sleepable.close())
  const again = new MemoryProvider({ bytes: damaged })
  expect(isBijection(runAtomic(checkBijection(again, runAtomic(inspect(again)).info)))).toBe(true)
}

function tryChanges(infoChanges: readonly Change[], others: readonly Change[]): void {
  for (const start of [INFO_OFFSET, INFO_OFFSET + info.info2off]) {
    for (const { at, bytes: change } of infoChanges) image.set(change, start + at)
    const sum = infoChecksum(image.subarray(start, start + INFO_BLOCK_BYTES))
    new DataView(image.buffer).setBigUint64(start + infoFieldOffset('checksum'), sum, true)
  }
  for (const { at, bytes: change } of others) image.set(change, at)
  try {
    const { verdict } = check(image).report
    if (verdict === 'clean' || verdict === 'recoverable') expectSound(image)
  } finally {
    // All that was changed, and all that an attach changes.
    for (const start of [INFO_OFFSET, INFO_OFFSET + info.mapoff])
      image.set(pristine.subarray(start, start + INFO_BLOCK_BYTES), start)
    image.set(pristine.subarray(INFO_OFFSET + info.logoff), INFO_OFFSET + info.logoff)
  }
}

test('several changes at once, with right checksums', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.constant([]), fc.array(inInfo, { maxLength: 3 })),
      fc.array(fc.oneof(inFlog, inMap), { maxLength: 4 }),
      tryChanges,
    ),
    { numRuns: 400 },
  )
})

const labelled = kernelImage('v20-4096')
const { size: namespaceBytes } = labelled.manifest.namespace

test('a changed bit of a label area, or of the first half of a pool header, is never passed over', () => {
  const labels = labelled.bytes()
  const pool = poolImage('one-write-512').bytes()
  const inLabels = fc.nat(2 * 256 + 2 * 256 - 1).map((at) => ({ whole: labels, at: namespaceBytes + at }))
  const inPool = fc.nat(2047).map((at) => ({ whole: pool, at }))
  fc.assert(
    fc.property(fc.oneof(inLabels, inPool), fc.nat(7), ({ whole, at }, bit) => {
      const old = whole[at] ?? 0
      whole[at] = old ^ (1 << bit)
      const codes = check(whole).findings.map(({ code }) => code)
      whole[at] = old
      // The label that is not in use may hold anything.
      const isUnused = whole === labels && at >= namespaceBytes + 512 && at < namespaceBytes + 768
      expect(codes.filter((code) => code !== 'flog-map-flags').length > 0).toBe(!isUnused)
    }),
    { numRuns: 150 },
  )
})
