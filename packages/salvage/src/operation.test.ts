/** A salvage as an operation: what it reads, how it ends, and images that nobody made. */
import { expect, test } from 'vitest'
import { poolImage } from '@bttkit/fixtures'
import { INFO_BLOCK_BYTES } from '@bttkit/btt-format'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAsync, runAtomic } from '@bttkit/sleepable'
import { salvage } from './index.ts'
import {
  INFO_OFFSET,
  MemorySink,
  infoAt,
  salvageBytes,
  salvageFrom,
  smallImage,
  storeInfo,
} from './salvage.test-support.ts'

const small = smallImage(512)
const info = infoAt(small, INFO_OFFSET)

test('runs and contents come in order, and each sector is in one run', () => {
  const { sink, report } = salvageBytes(small)
  let next = 0
  for (const { lba, count } of sink.runs) {
    expect(lba).toBe(next)
    next += count
  }
  expect(next).toBe(info.externalNlba)
  expect(Object.values(report.sectors).reduce((a, b) => a + b)).toBe(next)
})

test('it can be stopped, with the reason of the signal', async () => {
  const stop = new AbortController()
  const sink = new MemorySink()
  sink.beginArena = () => {
    stop.abort(new Error('enough'))
    return undefined
  }
  const operation = salvage(new MemoryProvider({ bytes: small }), sink, { signal: stop.signal })
  await expect(runAsync(operation)).rejects.toThrow('enough')
})

test('what a sink fails with ends it', () => {
  const sink = new MemorySink()
  sink.sectors = () => {
    throw new Error('full')
  }
  expect(() => runAtomic(salvage(new MemoryProvider({ bytes: small }), sink))).toThrow('full')
})

test('progress ends at its total', () => {
  const steps: { doneBytes: number; totalBytes: number }[] = []
  salvageBytes(small, { onProgress: (progress) => steps.push(progress) })
  const last = steps.at(-1)
  expect(last?.doneBytes).toBe(last?.totalBytes)
  expect(steps.every(({ doneBytes }, i) => doneBytes >= (steps[i - 1]?.doneBytes ?? 0))).toBe(true)
})

/** Counts the bytes that are read from a storage of which all behind the first part is a hole. */
class Sparse extends MemoryProvider {
  readBytes = 0
  readonly dataBytes: number

  constructor(bytes: Uint8Array, dataBytes: number) {
    super({ bytes, readOnly: true })
    this.dataBytes = dataBytes
  }

  dataRanges(offset: number, length: number): { offset: number; length: number }[] {
    const end = Math.min(offset + length, this.dataBytes)
    return end > offset ? [{ offset, length: end - offset }] : []
  }

  override read(offset: number, target: Uint8Array): undefined {
    this.readBytes += target.length
    super.read(offset, target)
  }
}

test('holes are not read', () => {
  const bytes = smallImage(4096)
  const { mapoff, dataoff, info2off, internalNlba } = infoAt(bytes, INFO_OFFSET)
  bytes.fill(0, INFO_OFFSET + mapoff, INFO_OFFSET + info2off)
  const data = INFO_OFFSET + dataoff + 8 * 4096
  const storage = new Sparse(bytes, data)
  const { report } = salvageFrom(storage)
  expect(report.sectors['never-written']).toBe(internalNlba - 4)
  expect(storage.readBytes).toBeLessThan(2 ** 20)
})

test('images of random bytes are refused', () => {
  const bytes = new Uint8Array(16 * 2 ** 20 + 8192)
  const words = new Uint32Array(bytes.buffer)
  for (let i = 0, state = 7; i < words.length; i++)
    words[i] = state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
  expect(() => salvageBytes(bytes)).toThrow(expect.objectContaining({ code: 'BTT_NOT_FOUND' }))
})

test('a pool that was never written is refused: it has no BTT', () => {
  const bytes = poolImage('no-layout-512').bytes()
  expect(() => salvageBytes(bytes)).toThrow(expect.objectContaining({ code: 'BTT_POOL_WITHOUT_LAYOUT' }))
})

test.each([0, 1, 4095, INFO_BLOCK_BYTES, 2 ** 20])('an image of %i bytes is refused', (size) => {
  expect(() => salvageBytes(new Uint8Array(size))).toThrow(expect.objectContaining({ code: 'BTT_NOT_FOUND' }))
})

test('random bytes behind sound info blocks: nothing is claimed', () => {
  const bytes = small.slice()
  let state = 7
  const [from, to] = [INFO_OFFSET + info.dataoff, INFO_OFFSET + info.info2off]
  for (let at = from; at < to; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    bytes[at] = state >>> 24
  }
  const { report } = salvageBytes(bytes)
  expect(report.sectors.certain + report.sectors.likely).toBe(0)
})

test('all sectors of one block: each is a duplicate, and the first ones are named', () => {
  const bytes = small.slice()
  const view = new DataView(bytes.buffer)
  for (let premap = 0; premap < info.externalNlba; premap++)
    view.setUint32(INFO_OFFSET + info.mapoff + premap * 4, 0xc000_0000, true)
  const { sink, report } = salvageBytes(bytes)
  expect(report.sectors.duplicate).toBe(info.externalNlba)
  expect(sink.runs).toHaveLength(1)
  const [kept] = sink.blocks
  expect(kept).toMatchObject({ block: 0, why: 'duplicate', holders: info.externalNlba })
  expect(kept?.lbas).toHaveLength(1000)
})

test('an info block with sections that nobody makes is believed only if flog and map bear it out', () => {
  const bytes = small.slice()
  storeInfo(bytes, INFO_OFFSET, {
    ...info,
    dataoff: info.dataoff + 512,
    internalNlba: info.internalNlba - 1,
    externalNlba: info.externalNlba - 1,
  })
  const { sink } = salvageBytes(bytes)
  expect(sink.arenas[0]?.info.dataoff).toBe(info.dataoff)
})
