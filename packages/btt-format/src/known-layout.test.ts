import { expect, test } from 'vitest'
import { kernelImages, poolImages } from '@bttkit/fixtures'
import { decodeInfoBlock, unusualLayoutFields, type InfoBlock } from './index.ts'

const pool = poolImages().find(({ name }) => name === 'blk-520')
const bytes = pool?.bytes() ?? new Uint8Array(0)
/** 520 bytes in blocks of 768, as libpmemblk has them. */
const info = decodeInfoBlock(bytes.subarray(8192, 8192 + 4096))

test('what Linux and libpmemblk lay out is known', () => {
  expect(unusualLayoutFields(info)).toEqual([])
  for (const { manifest, ...image } of kernelImages()) {
    const offset = manifest.btt?.infoBlockFileOffset
    const whole =
      kernelImages()
        .find(({ name }) => name === image.name)
        ?.bytes() ?? new Uint8Array(0)
    if (image.kind === 'corrupt' || offset === undefined) continue
    expect(unusualLayoutFields(decodeInfoBlock(whole.subarray(offset, offset + 4096)))).toEqual([])
  }
})

test.each<[string, Partial<InfoBlock>, string[]]>([
  ['a block less', { internalNlba: info.internalNlba - 1 }, ['internalNlba']],
  ['the blocks of Linux in the layout of libpmemblk', { internalLbasize: 576 }, ['internalLbasize']],
  ['data that begin later', { dataoff: 4160 }, ['dataoff']],
  ['a map that begins earlier', { mapoff: info.mapoff - 4096 }, ['mapoff']],
])('%s is not', (_what, change, fields) => {
  expect(unusualLayoutFields({ ...info, ...change })).toEqual(fields)
})

test('what cannot be laid out at all is not known either', () => {
  for (const change of [{ info2off: 0 }, { info2off: 2 ** 41 }, { nfree: 0 }, { externalLbasize: 2 ** 31 }])
    expect(unusualLayoutFields({ ...info, ...change }).length).toBeGreaterThan(0)
})
