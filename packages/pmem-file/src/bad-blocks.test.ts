import { expect, onTestFinished, test } from 'vitest'
import { ClosedError } from '@bttkit/interfaces'
import { BadBlocks } from './bad-blocks.ts'
import { FileProvider } from './index.ts'
import { makeBlockDevice } from './scratch.test-support.ts'
import { failing, systemWith } from './system.test-support.ts'

const UNIT = 512

test('a block device lists its bad blocks until they are written', (context) => {
  const system = systemWith({ badBlocks: () => [{ offset: 4096, length: 2 * UNIT }] })
  const provider = FileProvider.open(makeBlockDevice(context, 2 ** 20), { system })
  onTestFinished(() => void provider.close())
  expect(provider.badBlocks?.()).toEqual([{ offset: 4096, length: 2 * UNIT }])
  provider.write(4096, new Uint8Array(UNIT))
  expect(provider.badBlocks?.()).toEqual([{ offset: 4096 + UNIT, length: UNIT }])
})

test('they are not told after the close', (context) => {
  const system = systemWith({ badBlocks: () => [{ offset: 4096, length: UNIT }] })
  const provider = FileProvider.open(makeBlockDevice(context, 2 ** 20), { system })
  void provider.close()
  expect(() => provider.badBlocks?.()).toThrow(ClosedError)
})

test('what is zeroed is good again, however it was done', (context) => {
  const system = systemWith({ badBlocks: () => [{ offset: 0, length: 2 ** 20 }] })
  const provider = FileProvider.open(makeBlockDevice(context, 2 ** 20), { system })
  onTestFinished(() => void provider.close())
  provider.zero(4096, 2 ** 19)
  expect(provider.badBlocks?.()).toEqual([
    { offset: 0, length: 4096 },
    { offset: 4096 + 2 ** 19, length: 2 ** 19 - 4096 },
  ])
})

test('a write that fails leaves them bad', (context) => {
  const system = systemWith({ badBlocks: () => [{ offset: 4096, length: UNIT }], write: failing('EIO') })
  const provider = FileProvider.open(makeBlockDevice(context, 2 ** 20), { system })
  onTestFinished(() => void provider.close())
  expect(() => provider.write(4096, new Uint8Array(UNIT))).toThrow('EIO')
  expect(provider.badBlocks?.()).toEqual([{ offset: 4096, length: UNIT }])
})

test.each([
  ['before it', 0, 4096, [[4096, 2048]]],
  ['behind it', 6144, 4096, [[4096, 2048]]],
  ['over all of it', 0, 10_000, []],
  ['over its beginning', 4096, UNIT, [[4608, 1536]]],
  ['over its end', 5632, UNIT, [[4096, 1536]]],
  ['in its middle', 4608, 2 * UNIT, [[4096, UNIT], [5632, UNIT]]], // oxfmt-ignore
  ['over a part of one unit', 4100, 500, [[4096, 2048]]],
  ['over one unit and parts of two', 4100, 1500, [[4096, UNIT], [5120, 1024]]], // oxfmt-ignore
  ['of nothing', 4608, 0, [[4096, 2048]]],
] satisfies [string, number, number, number[][]][])(
  'a write %s makes the whole units good that it covers',
  (_, offset, length, left) => {
    const blocks = new BadBlocks([{ offset: 4096, length: 2048 }])
    blocks.written(offset, length)
    expect(blocks.list().map((range) => [range.offset, range.length])).toEqual(left)
  },
)

test('two writes that share a unit leave it bad', () => {
  const blocks = new BadBlocks([{ offset: 4096, length: UNIT }])
  blocks.written(4096, 256)
  blocks.written(4352, 256)
  expect(blocks.list()).toEqual([{ offset: 4096, length: UNIT }])
})
