/** An image of more arenas than a page shows. */
import { expect, test } from 'vitest'
import { PageObserver, buildPage, renderPage, type PageContent } from './index.ts'
import { MOST_ARENAS, MOST_CELLS, MOST_LANES, MOST_STORAGE_PARTS } from './page-limits.ts'
import { contentOf, kernelImage } from './page.test-support.ts'

const ARENAS = 100

/** One arena, so many times one behind the other. */
function manyArenas(): PageContent {
  const content = contentOf(kernelImage('crash-512').bytes())
  const { observer: seen, report } = content
  const [place] = seen.places
  const flog = seen.flogs.get(0)
  const [checked] = report.arenas
  if (place?.arena === undefined || flog === undefined || checked === undefined) throw new Error('no arena')
  const { info } = place.arena
  const size = info.info2off + info.infosize
  const observer = new PageObserver()
  const storageBytes = 4096 + ARENAS * size
  observer.surroundings({ storageBytes, endOffset: storageBytes, hasPoolHeader: false })
  const arenas = Array.from({ length: ARENAS }, (_, index) => {
    return { index, offset: 4096 + index * size, info, firstLba: index * info.externalNlba }
  })
  for (const arena of arenas) observer.place({ ...place, index: arena.index, offset: arena.offset, arena })
  for (const arena of arenas) {
    observer.flog(arena, flog)
    observer.sectors(arena)
  }
  return { ...content, observer, report: { ...report, arenas: arenas.map(() => checked) } }
}

test('the first arenas are shown one by one, and the others counted', () => {
  const model = buildPage(manyArenas())
  expect(model.arenas.map(({ index }) => index)).toEqual(Array.from({ length: MOST_ARENAS }, (_, i) => i))
  expect(model.moreArenas).toBe(ARENAS - MOST_ARENAS)
  const last = model.storage.at(-1)
  expect(model.storage.filter(({ kind }) => kind === 'arena')).toHaveLength(MOST_STORAGE_PARTS + 1)
  expect(last?.name).toBe(`${ARENAS - MOST_STORAGE_PARTS} more arenas`)
  expect((last?.start ?? 0) + (last?.width ?? 0)).toBeCloseTo(100, 9)
})

test('their maps and flogs share the cells and rows that there are', () => {
  const { arenas } = buildPage(manyArenas())
  const cells = arenas.flatMap(({ map }) => map?.cells ?? [])
  const lanes = arenas.flatMap(({ flog }) => [...(flog?.notable ?? []), ...(flog?.others ?? [])])
  expect(cells.length).toBeLessThanOrEqual(MOST_CELLS)
  expect(lanes.length).toBeLessThanOrEqual(MOST_LANES)
  for (const { map, flog } of arenas) {
    expect(map?.cells.length).toBeGreaterThan(16)
    expect(flog?.others.length).toBeGreaterThan(16)
  }
})

test('their page is no megabyte', () => {
  expect(renderPage(buildPage(manyArenas())).length).toBeLessThan(1_000_000)
})
