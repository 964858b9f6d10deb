import { expect, test } from 'vitest'
import type { ByteSource } from './byte-source.ts'
import { spool } from './spool.ts'

/** Endless bytes, each the low byte of its thousandth, up to `size`. */
function source(size: number): ByteSource {
  let position = 0
  return {
    name: 'test',
    size: undefined,
    read: async (target) => {
      const count = Math.min(target.length, size - position)
      for (let i = 0; i < count; i++) target[i] = (position + i) / 1000
      position += count
      return count
    },
    close: async () => undefined,
  }
}

async function all(from: ByteSource, pieceBytes: number): Promise<Buffer> {
  const pieces: Buffer[] = []
  for (let count = pieceBytes; count === pieceBytes;) {
    const piece = Buffer.alloc(pieceBytes)
    count = await from.read(piece)
    pieces.push(piece.subarray(0, count))
  }
  return Buffer.concat(pieces)
}

test.each([
  ['nothing', 0],
  ['a part of a piece', 1000],
  ['whole pieces', 2 ** 21],
  ['as much as is kept in memory', 2 ** 24],
  ['more than that, in a file', 2 ** 24 + 2 ** 20 + 5],
])('%s comes back as it was', async (_, size) => {
  const spooled = await spool(source(size), 2 ** 30)
  expect(spooled.size).toBe(size)
  const expected = await all(source(size), 2 ** 20)
  expect((await all(spooled, 300_000)).equals(expected)).toBe(true)
  await spooled.close()
})

test('it stops reading soon after the limit', async () => {
  const spooled = await spool(source(2 ** 40), 3_000_000)
  expect(spooled.size).toBeGreaterThan(3_000_000)
  expect(spooled.size).toBeLessThan(5_000_000)
  await spooled.close()
})
