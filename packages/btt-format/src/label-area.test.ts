import { expect, test } from 'vitest'
import { kernelImages, poolImages } from '@bttkit/fixtures'
import {
  LABEL_INDEX_PROBE_BYTES,
  LABEL_PROBE_BYTES,
  isLabelArea,
  isLabelAreaStart,
  labelAreaCandidates,
} from './index.ts'

const KiB = 2 ** 10
const MiB = 2 ** 20

/** Where a label area is recognised in an image. */
function recognised(bytes: Uint8Array): number[] {
  return labelAreaCandidates(bytes.length).filter((start) =>
    isLabelAreaStart(bytes.subarray(start, start + LABEL_PROBE_BYTES)),
  )
}

test('it may be 128 KiB to 16 MiB at the end of the storage', () => {
  const lengths = labelAreaCandidates(64 * MiB).map((start) => 64 * MiB - start)
  expect(lengths).toEqual([128 * KiB, 256 * KiB, 512 * KiB, 1 * MiB, 2 * MiB, 4 * MiB, 8 * MiB, 16 * MiB])
})

test('it is never the whole storage', () => {
  expect(labelAreaCandidates(256 * KiB)).toEqual([128 * KiB])
  expect(labelAreaCandidates(128 * KiB)).toEqual([])
  expect(labelAreaCandidates(0)).toEqual([])
})

const labelled = kernelImages().filter((image) => image.manifest.namespace.labelled)
const unlabelled = [...kernelImages().filter((image) => !image.manifest.namespace.labelled), ...poolImages()]

test('there is one labelled image', () => {
  expect(labelled.map((image) => image.name)).toEqual(['v20-4096'])
})

test.each(labelled)('the label area of $name is recognised where its namespace ends', (image) => {
  expect(recognised(image.bytes())).toEqual([image.manifest.namespace.size])
})

test.each(unlabelled)('no label area is recognised in $name', (image) => {
  expect(recognised(image.bytes())).toEqual([])
})

/** A first index block: signature, its offset at 24, its size at 32. */
function indexBlock(myOff: bigint, mySize: bigint): Uint8Array {
  const bytes = new Uint8Array(LABEL_PROBE_BYTES)
  bytes.set(Buffer.from('NAMESPACE_INDEX\0', 'latin1'))
  const view = new DataView(bytes.buffer)
  view.setBigUint64(24, myOff, true)
  view.setBigUint64(32, mySize, true)
  return bytes
}

test('an index block that says it is first is a start', () => {
  expect(isLabelAreaStart(indexBlock(0n, 256n))).toBe(true)
})

test('the second index block is no start', () => {
  expect(isLabelAreaStart(indexBlock(256n, 256n))).toBe(false)
})

test('an index block smaller than any can be is no start', () => {
  expect(isLabelAreaStart(indexBlock(0n, 255n))).toBe(false)
})

test.each([0, 8, 15])('a start has byte %i of the signature', (at) => {
  const bytes = indexBlock(0n, 256n)
  bytes[at] = 0x20
  expect(isLabelAreaStart(bytes)).toBe(false)
})

test('too few bytes are no start', () => {
  expect(isLabelAreaStart(indexBlock(0n, 256n).subarray(0, LABEL_PROBE_BYTES - 1))).toBe(false)
})

test.each(labelled)(
  'the label area of $name is found by its second index block where the first is lost',
  (image) => {
    const bytes = image.bytes()
    const { size } = image.manifest.namespace
    bytes.fill(0, size, size + 256)
    const found = labelAreaCandidates(bytes.length).filter((start) =>
      isLabelArea(bytes.subarray(start, start + LABEL_INDEX_PROBE_BYTES)),
    )
    expect(found).toEqual([size])
  },
)

test.each([
  ['another place', 24],
  ['another size', 32],
  ['another place of the first', 40],
])('a second index block that tells of %s is none', (_what, at) => {
  const bytes = new Uint8Array(LABEL_INDEX_PROBE_BYTES)
  const second = indexBlock(512n, 512n)
  bytes.set(second, 512)
  expect(isLabelArea(bytes)).toBe(true)
  bytes[512 + at] = 1
  expect(isLabelArea(bytes)).toBe(false)
})
