/** What the storage knows to be lost, by what is there: parts of info blocks, flog and map, and the sectors whose blocks are concerned. */
import type { ByteRange, Sleepable } from '@bttkit/interfaces'
import { Bitmap, MAP_ENTRY_BYTES, arenaSections, mapBlock } from '@bttkit/btt-format'
import type { FlogReading } from './check-flog.ts'
import type { Arena, CheckRun } from './check-run.ts'
import type { CompletedWrites } from './interrupted-writes.ts'
import { listOf } from './list-of.ts'
import { readMap } from './read-map.ts'

/** Of one range so many sectors are named. */
const MOST_HOLDERS = 1000

interface Section extends ByteRange {
  readonly name: string
}

const METADATA = {
  info: 'the primary info block',
  map: 'the map',
  flog: 'the flog',
  backup: 'the backup info block',
} as const

/** Those of an arena that are not data. Bytes of the storage. */
function metadataSections({ index, offset, info }: Arena): Section[] {
  const ranges = arenaSections(info)
  return (['info', 'map', 'flog', 'backup'] as const).map((section) => ({
    name: `${METADATA[section]} of arena ${index}`,
    offset: offset + ranges[section].offset,
    length: ranges[section].length,
  }))
}

function cut(range: ByteRange, within: ByteRange): ByteRange | undefined {
  const offset = Math.max(range.offset, within.offset)
  const end = Math.min(range.offset + range.length, within.offset + within.length)
  return offset < end ? { offset, length: end - offset } : undefined
}

function dataOf({ offset, info }: Arena): ByteRange {
  const { data } = arenaSections(info)
  return { offset: offset + data.offset, length: data.length }
}

/** Reports what is lost outside of the blocks of arenas. */
export function reportBadMetadata({ reader, log }: CheckRun, arenas: readonly Arena[]): void {
  const sections = arenas.flatMap(metadataSections)
  for (const range of reader.knownBadBlocks()) {
    const inSections = sections.filter((section) => cut(range, section) !== undefined)
    const isInData = arenas.some((arena) => cut(range, dataOf(arena)) !== undefined)
    if (isInData && inSections.length === 0) continue
    const { offset, length } = cut(range, inSections[0] ?? range) ?? range
    const where = inSections.length === 0 ? '' : `, in ${inSections.map(({ name }) => name).join(' and ')}`
    const message = `the storage knows that it has lost ${length} bytes here${where}`
    log.add('medium-bad', () => ({ offset, message }))
  }
}

/** Blocks of which the storage has lost a part, and who has them. */
interface BadPiece {
  readonly range: ByteRange
  readonly first: number
  readonly last: number
  readonly premaps: number[]
}

function badPieces(ranges: readonly ByteRange[], arena: Arena): BadPiece[] {
  const data = dataOf(arena)
  const { internalLbasize } = arena.info
  return ranges.flatMap((known) => {
    const range = cut(known, data)
    if (range === undefined) return []
    const first = Math.floor((range.offset - data.offset) / internalLbasize)
    const last = Math.floor((range.offset + range.length - 1 - data.offset) / internalLbasize)
    return [{ range, first, last, premaps: [] }]
  })
}

/** Reads the map again. */
function* nameHolders(
  run: CheckRun,
  arena: Arena,
  completed: CompletedWrites,
  pieces: readonly BadPiece[],
): Sleepable<void> {
  const { externalNlba, internalNlba } = arena.info
  const bad = new Bitmap(internalNlba)
  for (const { first, last } of pieces) bad.addRange(first, last + 1, () => undefined)
  const take = (premap: number, block: number): void => {
    if (block >= internalNlba || !bad.has(block)) return
    for (const { first, last, premaps } of pieces)
      if (block >= first && block <= last && premaps.length < MOST_HOLDERS) premaps.push(premap)
  }
  run.passes.expect(externalNlba)
  yield* readMap(run, arena, completed, {
    entries(view, first, count) {
      for (let i = 0; i < count; i++)
        take(first + i, mapBlock(view.getUint32(i * MAP_ENTRY_BYTES, true), first + i))
    },
    hole(first, count) {
      for (const piece of pieces) {
        const last = Math.min(piece.last, first + count - 1)
        for (let block = Math.max(first, piece.first); block <= last; block++)
          if (piece.premaps.push(block) >= MOST_HOLDERS) break
      }
    },
    lost: () => undefined,
  })
}

function freeIn({ free }: FlogReading, { first, last }: BadPiece): number[] {
  return [...free].flatMap(([block, lanes]) => (block >= first && block <= last ? lanes : []))
}

function describe(
  arena: Arena,
  { range, first, last }: BadPiece,
  lbas: readonly number[],
  lanes: readonly number[],
): string {
  const blocks = first === last ? `block ${first}` : `blocks ${first} to ${last}`
  const whose = [
    ...(lbas.length === 0
      ? []
      : [`of LBA ${listOf(lbas)}: what was written there cannot be read, and writing it makes it good`]),
    ...(lanes.length === 0 ? [] : [`free in lane ${listOf(lanes)}: cleared before it is written`]),
  ]
  const rest = whose.length === 0 ? '' : `, ${whose.join('; ')}`
  return `the storage knows that it has lost ${range.length} bytes here, in ${blocks} of arena ${arena.index}${rest}`
}

/** Reports which sectors the storage has lost. Reads the map again where there are any. */
export function* reportBadData(
  run: CheckRun,
  arena: Arena,
  flog: FlogReading,
  completed: CompletedWrites,
): Sleepable<void> {
  const { reader, log } = run
  const pieces = badPieces(reader.knownBadBlocks(), arena)
  if (pieces.length === 0) return
  yield* nameHolders(run, arena, completed, pieces)
  for (const piece of pieces) {
    const lbas = piece.premaps.map((premap) => arena.firstLba + premap)
    const lanes = freeIn(flog, piece)
    const [lba] = lbas
    log.add('medium-bad', () => ({
      arena: arena.index,
      ...(lba !== undefined && { lba, lbas }),
      ...(lanes.length > 0 && { lanes }),
      block: piece.first,
      offset: piece.range.offset,
      message: describe(arena, piece, lbas, lanes),
    }))
  }
}
