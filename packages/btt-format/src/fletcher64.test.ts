import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { kernelImages, poolImages } from '@bttkit/fixtures'
import { fletcher64, infoChecksum } from './index.ts'

const NOWHERE = -8

/** The sum once more, as the specification says it, with numbers that cannot overflow. */
function reference(bytes: Uint8Array, checksumOffset: number): bigint {
  let low = 0n
  let high = 0n
  for (let at = 0; at < bytes.length; at += 4) {
    const word = [3, 2, 1, 0].reduce((value, i) => value * 256n + BigInt(bytes[at + i] ?? 0), 0n)
    if (at < checksumOffset || at >= checksumOffset + 8) low = (low + word) % 2n ** 32n
    high = (high + low) % 2n ** 32n
  }
  return high * 2n ** 32n + low
}

const words = (...values: number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer)

// low is the sum of the words; high is the sum of low after each word.
test.each<[string, Uint8Array, bigint]>([
  ['nothing', words(), 0n],
  ['zeros', words(0, 0, 0), 0n],
  ['1', words(1), 0x00000001_00000001n],
  ['1 2 3: low 6, high 1 + 3 + 6', words(1, 2, 3), 0x0000000a_00000006n],
  ['1 0 0: low 1, high 1 + 1 + 1', words(1, 0, 0), 0x00000003_00000001n],
  ['0 0 1: low 1, high 0 + 0 + 1', words(0, 0, 1), 0x00000001_00000001n],
  ['both sums wrap modulo 2^32, not 2^32 - 1', words(0xffffffff, 1), 0xffffffff_00000000n],
  ['the largest word twice', words(0xffffffff, 0xffffffff), 0xfffffffd_fffffffen],
])('the sum of %s', (_, bytes, sum) => {
  expect(fletcher64(bytes, NOWHERE)).toBe(sum)
})

test('words are little-endian', () => {
  expect(fletcher64(Uint8Array.of(1, 2, 3, 4), NOWHERE)).toBe(0x04030201_04030201n)
})

test('the checksum field counts as zeros, whose sums still add up', () => {
  // Words 1, (7, 7), 2: low 1, 1, 1, 3; high 1, 2, 3, 6.
  expect(fletcher64(words(1, 7, 7, 2), 4)).toBe(0x00000006_00000003n)
})

test('a part of a larger buffer is summed by itself', () => {
  const buffer = words(9, 9, 1, 2, 3, 9)
  expect(fletcher64(buffer.subarray(8, 20), NOWHERE)).toBe(0x0000000a_00000006n)
})

test('it agrees with a second implementation', () => {
  const property = fc.property(fc.uint8Array({ minLength: 1, maxLength: 64 }), fc.nat(15), (some, at) => {
    const bytes = new Uint8Array(some.length * 4)
    for (let i = 0; i < 4; i++) bytes.set(some, i * some.length)
    expect(fletcher64(bytes, at * 4)).toBe(reference(bytes, at * 4))
  })
  fc.assert(property)
})

const kernelInfos = kernelImages().flatMap((image) =>
  (image.manifest.arenas ?? []).map(({ at, info, infoSource }) => ({
    name: image.name,
    image,
    at: infoSource === 'backup' ? at + info.info2off : at,
    checksum: BigInt(info.checksum),
  })),
)
const poolInfos = poolImages().flatMap((image) =>
  (image.manifest.arenas ?? []).map((arena) => ({
    name: image.name,
    image,
    at: arena.offset,
    checksum: BigInt(arena.checksum),
  })),
)

test.each([...kernelInfos, ...poolInfos])(
  'the info block of $name has the checksum that it carries',
  ({ image, at, checksum }) => {
    const block = image.bytes().subarray(at, at + 4096)
    expect(infoChecksum(block)).toBe(checksum)
    expect(new DataView(block.buffer, block.byteOffset).getBigUint64(4088, true)).toBe(checksum)
    expect(reference(block, 4088)).toBe(checksum)
  },
)
