import { decodeInfoBlock, encodeInfoBlock } from '@bttkit/btt-format'
import { MIB, freshMemory } from './engine.test-support.ts'

/** Two arenas of a little over 16 MiB, which Linux accepts: a nextoff may have any value that leaves room. */
export function smallArenas(externalLbasize = 512): Uint8Array {
  const size = 16 * MIB + 4096
  const both = new Uint8Array(4096 + 2 * size)
  for (const index of [0, 1]) {
    const one = freshMemory(4096 + size, {
      externalLbasize,
      nfree: 4,
      uuid: '11111111-2222-3333-4444-555555555555',
    }).mapping.slice(4096)
    const info = encodeInfoBlock({
      ...decodeInfoBlock(one.subarray(0, 4096)),
      nextoff: index === 0 ? size : 0,
    })
    one.set(info, 0)
    one.set(info, decodeInfoBlock(info).info2off)
    both.set(one, 4096 + index * size)
  }
  return both
}
