/** What a page shows of real images. */
import { expect, test } from 'vitest'
import type { SectorCounts } from '@bttkit/checker-image'
import type { ListedFinding, PageModel } from './page-model.ts'
import { MOST_FINDINGS } from './page-limits.ts'
import { contentOf, kernelImage, pageOf, poolImage, ruinedPool } from './page.test-support.ts'

function listed(model: PageModel): ListedFinding[] {
  return model.groups.flatMap((group) => group.listed)
}

function sumOf(counts: readonly SectorCounts[]): SectorCounts {
  const sum = { initial: 0, error: 0, zero: 0, normal: 0, unknown: 0 }
  for (const one of counts)
    for (const state of ['initial', 'error', 'zero', 'normal', 'unknown'] as const) sum[state] += one[state]
  return sum
}

test.each(['v11-4096', 'v20-4096', 'v11-512', 'crash-512', 'bad-map-dup'])(
  'the cells of %s have all sectors of the image, each once',
  (name) => {
    const bytes = kernelImage(name).bytes()
    const { report } = contentOf(bytes)
    const [arena] = pageOf(bytes).arenas
    expect(sumOf(arena?.map?.cells.map(({ sectors }) => sectors) ?? [])).toEqual(report.arenas[0]?.sectors)
  },
)

test('the parts of an arena fill its bar without a gap, and those that are thin are drawn wider', () => {
  const [arena] = pageOf(kernelImage('v11-4096').bytes()).arenas
  const parts = arena?.layout ?? []
  expect(parts.map(({ kind }) => kind)).toEqual(['info', 'data', 'unused', 'map', 'unused', 'flog', 'backup'])
  let [start, offset] = [0, arena?.offset ?? 0]
  for (const part of parts) {
    expect(part.start).toBeCloseTo(start, 9)
    expect(part.offset).toBe(offset)
    start += part.width
    offset += part.bytes
  }
  expect(start).toBeCloseTo(100, 9)
  expect(parts.filter(({ isWidened }) => isWidened).map(({ kind, width }) => [kind, width])).toEqual([
    ['info', 1],
    ['map', 1],
    ['flog', 1],
    ['backup', 1],
  ])
})

test('a pool has its header in front', () => {
  expect(pageOf(poolImage('blk-4096').bytes()).storage.map(({ kind, offset }) => [kind, offset])).toEqual([
    ['pool', 0],
    ['arena', 8192],
  ])
})

test('a pool that was never written has no arenas, and says so', () => {
  const { arenas, verdict } = pageOf(poolImage('no-layout-512').bytes())
  expect(arenas).toEqual([])
  expect(verdict.sentence).toContain('never written')
})

test('a shared block leads to both sectors, and their cell leads back', () => {
  const model = pageOf(kernelImage('bad-map-dup').bytes())
  const finding = model.groups.find(({ code }) => code === 'map-duplicate')?.listed[0]
  expect(finding?.places.map(({ anchor, text }) => [text, anchor])).toEqual([
    ['LBA 0', 'arena-0-cell-0'],
    ['LBA 1', 'arena-0-cell-0'],
    [expect.stringMatching(/^byte /), 'arena-0-map'],
    ['block 2,808', undefined],
    ['arena 0', 'arena-0'],
  ])
  const cell = model.arenas[0]?.map?.cells[0]
  expect(cell?.findings).toEqual({ count: 1, isDamaged: true, listed: [finding?.number] })
})

test('a lane in flight is found at once, and its finding leads to it', () => {
  const model = pageOf(kernelImage('bad-map-pending').bytes())
  const finding = model.groups.find(({ code }) => code === 'write-interrupted')?.listed[0]
  const [lane] = model.arenas[0]?.flog?.notable ?? []
  expect(lane?.state).toBe('in flight')
  expect(finding?.places[0]?.anchor).toBe(lane?.anchor)
  expect(lane?.findings.listed).toContain(finding?.number)
})

test('an info block that is lost has no values, and the finding leads to its first field', () => {
  const model = pageOf(kernelImage('bad-info1-zero').bytes())
  const info = model.arenas[0]?.info
  expect(info?.source).toBe('backup')
  expect(info?.primaryFlaws).toEqual(['it is all zeros'])
  const [signature, uuid] = info?.fields ?? []
  expect(uuid).toMatchObject({ name: 'uuid', primary: undefined, isDifferent: false })
  expect(signature?.findings.listed).toEqual([listed(model)[0]?.number])
})

test('where nothing is left of the info blocks, there is no arena', () => {
  const model = pageOf(kernelImage('bad-info-both-zero').bytes())
  expect(model.verdict.verdict).toBe('unreadable')
  expect(model.arenas).toEqual([])
})

test('where neither info block can be used, both are shown for what they are', () => {
  const bytes = kernelImage('v11-4096').bytes()
  for (const at of [4096, bytes.length - 4096]) bytes[at + 20] = (bytes[at + 20] ?? 0) ^ 1
  expect(pageOf(bytes).arenas).toMatchObject([
    {
      offset: 4096,
      layout: undefined,
      map: undefined,
      info: { source: undefined, primaryFlaws: ['its checksum is wrong'] },
    },
  ])
})

test('of thousands of findings each code has its share, and the others are counted', () => {
  const model = pageOf(ruinedPool())
  expect(model.findingCount).toBeGreaterThan(2000)
  expect(model.listedCount).toBe(listed(model).length)
  expect(model.listedCount).toBeLessThanOrEqual(MOST_FINDINGS)
  const sizes = new Map(model.groups.map(({ code, count, listed: { length } }) => [code, [count, length]]))
  expect(sizes.get('map-range')).toEqual([1024, sizes.get('block-lost')?.[1]])
  // Of those that are few, all.
  const [count, length] = sizes.get('write-interrupted') ?? []
  expect(count).toBe(length)
})

test('every link leads somewhere', () => {
  for (const bytes of [ruinedPool(), kernelImage('bad-flog-same-seq').bytes()]) {
    const model = pageOf(bytes)
    const known = new Set([
      ...model.storage.map(({ anchor }) => anchor),
      ...model.arenas.flatMap(({ anchor, layout = [], map, flog, info }) => [
        anchor,
        ...[...layout, ...(map?.cells ?? []), ...(flog?.notable ?? []), ...(flog?.others ?? [])].map(
          (one) => one.anchor,
        ),
        ...info.fields.map((field) => field.anchor),
      ]),
    ])
    const links = listed(model).flatMap(({ places }) => places.flatMap(({ anchor }) => anchor ?? []))
    expect(links.filter((anchor) => !known.has(anchor))).toEqual([])
    expect(links.length).toBeGreaterThan(0)
  }
})
