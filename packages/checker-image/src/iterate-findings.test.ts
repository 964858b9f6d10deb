import { expect, onTestFinished, test } from 'vitest'
import { closeSync, mkdtempSync, openSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LABEL_PROBE_BYTES, MAP_ENTRY_BYTES, normalEntry } from '@bttkit/btt-format'
import type { ByteRange, Finding, PmemProvider } from '@bttkit/interfaces'
import { FileProvider } from '@bttkit/pmem-file'
import { DelayLayer } from '@bttkit/pmem-layers'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAtomic } from '@bttkit/sleepable'
import { INFO_OFFSET, check, engine, infoOf, smallImage, twoArenas } from './image.test-support.ts'
import {
  checkImage,
  examineImage,
  imageChecker,
  type CheckImageOptions,
  type CheckProgress,
  type ImageReport,
} from './index.ts'

const image = smallImage(512)
const info = infoOf(image, INFO_OFFSET)

/** An image of which every sector has the same block. */
function ruined(): Uint8Array {
  const bytes = image.slice()
  const map = INFO_OFFSET + info.mapoff
  new Uint32Array(bytes.buffer, map, info.externalNlba).fill(0xc0000005)
  return bytes
}

const memory = (bytes: Uint8Array): MemoryProvider => new MemoryProvider({ bytes }, 'image')

interface Outcome {
  readonly findings: readonly Finding[]
  readonly report: ImageReport
}

async function collect(provider: PmemProvider, options?: CheckImageOptions): Promise<Outcome> {
  const findings: Finding[] = []
  const iteration = checkImage(provider, options)
  let step = await iteration.next()
  for (; step.done !== true; step = await iteration.next()) findings.push(step.value)
  return { findings, report: step.value }
}

test('the iteration gives what the atomic form gives', async () => {
  const bytes = ruined()
  expect(await collect(memory(bytes))).toEqual(check(bytes))
})

test('so it does where each call waits', async () => {
  const slow = new DelayLayer(memory(image), { readDelayMs: 1 })
  expect((await collect(slow)).report).toEqual(check(image).report)
})

test('storage that may wait is refused to who must not', () => {
  const slow = new DelayLayer(memory(image), { readDelayMs: 1 })
  expect(() => runAtomic(examineImage(slow))).toThrow(expect.objectContaining({ code: 'BTT_WOULD_SLEEP' }))
})

test('a finding is there before the check is over', async () => {
  const bytes = twoArenas(512)
  new DataView(bytes.buffer).setUint32(INFO_OFFSET + info.mapoff, 0xffffffff, true)
  const seen: CheckProgress[] = []
  const iteration = checkImage(memory(bytes), { onProgress: (progress) => seen.push(progress) })
  expect((await iteration.next()).value).toMatchObject({ code: 'info-nextoff' })
  expect((await iteration.next()).value).toMatchObject({ code: 'map-range', arena: 0, lba: 0 })
  expect(seen).toEqual([{ doneEntries: info.externalNlba, totalEntries: 2 * info.externalNlba }])
  for await (const { code, arena } of iteration) if (code !== 'zero-entries') expect(arena).toBe(0)
  expect(seen.at(-1)?.doneEntries).toBe(seen.at(-1)?.totalEntries)
})

test('of a million equal findings some are listed, and all are counted', async () => {
  const bytes = image.slice()
  new Uint32Array(bytes.buffer, INFO_OFFSET + info.mapoff, info.externalNlba).fill(0xffffffff)
  const { findings, report } = await collect(memory(bytes), { listLimit: 5 })
  expect(findings.filter(({ code }) => code === 'map-range')).toHaveLength(5)
  expect(report.findingsByCode).toMatchObject({
    'map-range': info.externalNlba,
    'block-lost': info.externalNlba,
  })
})

test('all sectors that have one block are named, up to a thousand', async () => {
  const { findings } = await collect(memory(ruined()))
  const duplicate = findings.find(({ code }) => code === 'map-duplicate')
  expect(duplicate).toMatchObject({ block: 5, lbas: Array.from({ length: 1000 }, (_, lba) => lba) })
})

test('progress comes to its total, also when the map is read again', async () => {
  for (const bytes of [image, ruined()]) {
    const seen: number[] = []
    await collect(memory(bytes), {
      onProgress: ({ doneEntries, totalEntries }) => seen.push(totalEntries - doneEntries),
    })
    expect(seen.at(-1)).toBe(0)
    expect(Math.min(...seen)).toBe(0)
  }
})

test('it can be ended by a signal', async () => {
  const reason = new Error('enough')
  await expect(collect(memory(image), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
})

test('also in its middle', async () => {
  const reason = new Error('enough')
  const stop = new AbortController()
  const seen: CheckProgress[] = []
  const onProgress = (now: CheckProgress): void => {
    seen.push(now)
    stop.abort(reason)
  }
  await expect(collect(memory(twoArenas(512)), { signal: stop.signal, onProgress })).rejects.toBe(reason)
  expect(seen).toHaveLength(1)
})

test('it is a checker itself', async () => {
  const codes: string[] = []
  for await (const { code } of imageChecker.check(memory(ruined()))) codes.push(code)
  expect(codes).toContain('map-duplicate')
})

test('nothing is ever stored', async () => {
  for (const bytes of [image, ruined()]) {
    const before = bytes.slice()
    await collect(memory(bytes))
    expect(Buffer.compare(bytes, before)).toBe(0)
  }
})

/** Storage that knows its holes, and which ranges of it were read. */
function withHoles(
  bytes: Uint8Array,
  data: readonly ByteRange[],
): { provider: PmemProvider; read: ByteRange[] } {
  const read: ByteRange[] = []
  class Holed extends MemoryProvider {
    override read(offset: number, target: Uint8Array): undefined {
      read.push({ offset, length: target.length })
      super.read(offset, target)
    }

    dataRanges(offset: number, length: number): ByteRange[] {
      return data.flatMap((range) => {
        const from = Math.max(offset, range.offset)
        const end = Math.min(offset + length, range.offset + range.length)
        return from < end ? [{ offset: from, length: end - from }] : []
      })
    }
  }
  return { provider: new Holed({ bytes }, 'image'), read }
}

test('holes of the map are not read, and count as what they are', () => {
  const map = INFO_OFFSET + info.mapoff
  // The map has data in its first unit only. One of the edges of what is data is in the middle of an entry.
  const { provider, read } = withHoles(image, [{ offset: map, length: 511 }])
  const report = runAtomic(examineImage(provider))
  expect(report).toEqual(check(image).report)
  const inMap = read.filter(
    ({ offset, length }) => length > LABEL_PROBE_BYTES && offset >= map && offset < map + 100_000,
  )
  expect(inMap.length).toBeGreaterThan(0)
  for (const range of inMap) expect(range).toEqual({ offset: map, length: 512 })
})

test('a block of a sector in a hole that another sector has, too, is found', () => {
  const bytes = image.slice()
  const map = INFO_OFFSET + info.mapoff
  new DataView(bytes.buffer).setUint32(map, normalEntry(5000), true)
  const findings: Finding[] = []
  const { provider } = withHoles(bytes, [{ offset: map, length: 4096 }])
  runAtomic(examineImage(provider, { onFinding: (finding) => findings.push(finding) }))
  expect(findings).toContainEqual(
    expect.objectContaining({ code: 'map-duplicate', block: 5000, lbas: [0, 5000] }),
  )
})

test('an interrupted write to a sector in a hole counts as complete', () => {
  const bytes = smallImage(512, 1)
  const map = INFO_OFFSET + info.mapoff
  // As if the map had never been stored.
  bytes.fill(0, map, map + 40 * MAP_ENTRY_BYTES)
  expect(check(bytes).report.findingsByCode['write-interrupted']).toBe(3)
  const holed = withHoles(bytes, [])
  const findings: Finding[] = []
  const report = runAtomic(examineImage(holed.provider, { onFinding: (finding) => findings.push(finding) }))
  expect({ report, findings }).toEqual(check(bytes))
})

test('a sparse file of half a terabyte is checked without reading its map', () => {
  const directory = mkdtempSync(join(tmpdir(), 'bttkit-check-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const path = join(directory, 'sparse.img')
  closeSync(openSync(path, 'w'))
  truncateSync(path, 2 ** 39)
  const provider = FileProvider.open(path, { blocking: true })
  onTestFinished(() => void provider.close())
  runAtomic(engine.create(provider, { externalLbasize: 4096 }))
  if (provider.dataRanges === undefined) return
  const report = runAtomic(examineImage(provider))
  expect(report.verdict).toBe('clean')
  expect(report.arenas[0]?.sectors.initial).toBe(134086519)
})
