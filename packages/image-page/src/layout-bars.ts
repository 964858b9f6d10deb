/** The storage and the arenas as bars of parts, to scale but for parts that would be too thin to be seen. */
import type { Arena } from '@bttkit/checker-image'
import { anchors } from './anchors.ts'
import type { FindingPlaces } from './finding-places.ts'
import { MOST_STORAGE_PARTS } from './page-limits.ts'
import type { LayoutPart } from './page-model.ts'
import type { PageObserver } from './page-observer.ts'
import { endOf, partsAround, partsOfArena, type PartRange } from './part-ranges.ts'

/** Of a bar, in percent: so much is drawn of what is thinner. */
const THINNEST = 1

/** The parts from `start` to `end`, and what lies between them. Where two overlap, the later one begins behind the earlier. */
function withGaps(parts: readonly PartRange[], start: number, end: number, prefix: string): PartRange[] {
  const all: PartRange[] = []
  let done = start
  const passTo = (offset: number): void => {
    if (offset <= done) return
    const anchor = `${prefix}-unused-${all.length}`
    all.push({ kind: 'unused', name: 'unused', anchor, offset: done, bytes: offset - done })
    done = offset
  }
  for (const part of parts.toSorted((one, other) => one.offset - other.offset)) {
    passTo(Math.min(part.offset, end))
    const last = Math.min(part.offset + part.bytes, end)
    if (last <= done) continue
    all.push({ ...part, offset: done, bytes: last - done })
    done = last
  }
  passTo(end)
  return all
}

/** Gives thin parts their least width, and the others the rest in proportion. */
function drawn(parts: readonly PartRange[], places: FindingPlaces): LayoutPart[] {
  const total = parts.reduce((sum, { bytes }) => sum + bytes, 0)
  const isThin = ({ kind, bytes }: PartRange): boolean =>
    kind !== 'unused' && (bytes / total) * 100 < THINNEST
  const thin = parts.filter(isThin)
  const thinBytes = thin.reduce((sum, { bytes }) => sum + bytes, 0)
  const percentPerByte = (100 - thin.length * THINNEST) / Math.max(1, total - thinBytes)
  let start = 0
  return parts.map((part) => {
    const isWidened = isThin(part)
    const width = isWidened ? THINNEST : part.bytes * percentPerByte
    const shown = { ...part, start, width, isWidened, findings: places.at(part.anchor) }
    start += width
    return shown
  })
}

export function arenaBar(arena: Arena, places: FindingPlaces): LayoutPart[] {
  const { index, offset } = arena
  return drawn(withGaps(partsOfArena(arena), offset, endOf(arena), anchors.arena(index)), places)
}

export function storageBar(observer: PageObserver, places: FindingPlaces): LayoutPart[] {
  const readable = observer.arenas.flatMap(({ arena }) => arena ?? [])
  const shown = readable.slice(0, MOST_STORAGE_PARTS)
  const last = readable.at(-1)
  const arenas = shown.map((arena): PartRange => {
    const { index, offset } = arena
    const [name, anchor] = [`arena ${index}`, anchors.arena(index)]
    return { kind: 'arena', name, anchor, offset, bytes: endOf(arena) - offset }
  })
  const next = readable[MOST_STORAGE_PARTS]
  if (next !== undefined && last !== undefined)
    arenas.push({
      kind: 'arena',
      name: `${readable.length - shown.length} more arenas`,
      anchor: anchors.storage('more'),
      offset: next.offset,
      bytes: endOf(last) - next.offset,
    })
  const parts = [...partsAround(observer), ...arenas]
  return drawn(withGaps(parts, 0, observer.around.storageBytes, 'storage'), places)
}
