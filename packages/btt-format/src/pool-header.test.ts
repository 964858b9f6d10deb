import { expect, test } from 'vitest'
import { kernelImages, poolImage, poolImages } from '@bttkit/fixtures'
import { POOL_BTT_OFFSET, decodePoolHeader, decodeUuid, fletcher64, hasPoolChecksum } from './index.ts'

const headOf = (image: { bytes: () => Uint8Array }): Uint8Array => image.bytes().slice(0, POOL_BTT_OFFSET)

const pools = poolImages().map((image) => ({
  name: image.name,
  kind: image.kind,
  manifest: image.manifest,
  head: headOf(image),
}))
const anyPool = headOf(poolImage('blk-4096'))

test.each(pools)('pool $name names its block size', ({ head, manifest }) => {
  expect(decodePoolHeader(head)?.blockSize).toBe(manifest.bsize)
})

test.each(pools)('the BTT of pool $name begins after its header', ({ manifest }) => {
  expect(manifest.btt.offset).toBe(POOL_BTT_OFFSET)
})

test.each(pools.filter(({ kind }) => kind !== 'no-layout'))(
  "the UUID of pool $name is its BTT's parent",
  ({ head, manifest }) => {
    const parent = Buffer.from(manifest.arenas?.[0]?.parent_uuid ?? '', 'hex')
    expect(parent).toHaveLength(16)
    expect(decodePoolHeader(head)?.poolsetUuid).toBe(decodeUuid(parent, 0))
  },
)

test.each(kernelImages())('the kernel image $name is no pool', (image) => {
  expect(decodePoolHeader(headOf(image))).toBeUndefined()
})

test.each([0, 1, 2, 3, 4, 5, 6, 7])('a pool has byte %i of the signature', (at) => {
  const bytes = anyPool.slice()
  bytes[at] = (bytes[at] ?? 0) ^ 0x20
  expect(decodePoolHeader(bytes)).toBeUndefined()
})

test('less than both header pages are no pool', () => {
  expect(decodePoolHeader(anyPool.subarray(0, POOL_BTT_OFFSET - 1))).toBeUndefined()
})

test('a header in the middle of a buffer is read there', () => {
  const buffer = new Uint8Array(POOL_BTT_OFFSET + 100)
  buffer.set(anyPool, 100)
  expect(decodePoolHeader(buffer.subarray(100))).toEqual(decodePoolHeader(anyPool))
})

test.each(pools)('the header of pool $name carries its checksum', ({ head }) => {
  expect(hasPoolChecksum(head)).toBe(true)
})

const changedAt = (offset: number): Uint8Array => {
  const bytes = anyPool.slice()
  bytes[offset] = (bytes[offset] ?? 0) ^ 1
  return bytes
}

test('the second half of the header is summed only where a feature does not except it', () => {
  expect(hasPoolChecksum(changedAt(100))).toBe(false)
  expect(hasPoolChecksum(changedAt(3000))).toBe(true)
  for (const bytes of [anyPool.slice(), changedAt(3000)]) {
    bytes[16] = 4
    const sum = fletcher64(bytes.subarray(0, 4096), 4088)
    new DataView(bytes.buffer).setBigUint64(4088, sum, true)
    expect(hasPoolChecksum(bytes)).toBe(true)
    bytes[3001] = (bytes[3001] ?? 0) ^ 1
    expect(hasPoolChecksum(bytes)).toBe(false)
  }
})
