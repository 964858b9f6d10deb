/** What an observer of a check is told. */
import { expect, test } from 'vitest'
import { MAP_ENTRY_BYTES, normalEntry } from '@bttkit/btt-format'
import { kernelImage } from '@bttkit/fixtures'
import type { Arena, ImageObserver, ObservedFlog, ObservedPlace, ObservedSectors } from './index.ts'
import { INFO_OFFSET, check, infoOf, smallImage } from './image.test-support.ts'

/** Writes down all that it is told. */
class Notes implements ImageObserver {
  readonly places: ObservedPlace[] = []
  readonly flogs: [arena: Arena, flog: ObservedFlog][] = []
  readonly runs: ObservedSectors[] = []
  storageBytes = 0
  private readonly runSectors: number

  constructor(runSectors: number) {
    this.runSectors = runSectors
  }

  surroundings({ storageBytes }: { readonly storageBytes: number }): void {
    this.storageBytes = storageBytes
  }

  place(place: ObservedPlace): void {
    this.places.push(place)
  }

  flog(arena: Arena, flog: ObservedFlog): void {
    this.flogs.push([arena, flog])
  }

  sectors(): { runSectors: number; add: (sectors: ObservedSectors) => void } {
    return { runSectors: this.runSectors, add: (sectors) => void this.runs.push(sectors) }
  }
}

const sizeOf = ({ initial, error, zero, normal, unknown }: ObservedSectors): number =>
  initial + error + zero + normal + unknown

test('runs of sectors follow each other, cross no multiple, and add up to what is reported', () => {
  const notes = new Notes(100)
  const bytes = kernelImage('crash-512').bytes()
  const { report } = check(bytes, { observer: notes })
  let next = 0
  for (const run of notes.runs) {
    expect(run.first).toBe(next)
    next += sizeOf(run)
    expect(Math.floor((next - 1) / 100)).toBe(Math.floor(run.first / 100))
  }
  const sum = (state: 'initial' | 'normal'): number => notes.runs.reduce((all, run) => all + run[state], 0)
  expect({ initial: sum('initial'), normal: sum('normal') }).toEqual({
    initial: report.arenas[0]?.sectors.initial,
    normal: report.arenas[0]?.sectors.normal,
  })
})

test.each([1, 7, Infinity])(
  'in runs of %d sectors at most, the same is found as without an observer',
  (runSectors) => {
    const bytes = kernelImage('bad-map-dup').bytes()
    expect(check(bytes, { observer: new Notes(runSectors) })).toEqual(check(bytes))
  },
)

test('an entry is wrong once, whatever is wrong with it, in the run that it is in', () => {
  const bytes = smallImage(4096)
  const { mapoff, internalNlba } = infoOf(bytes, INFO_OFFSET)
  const view = new DataView(bytes.buffer, INFO_OFFSET + mapoff)
  const first = view.getUint32(0, true)
  view.setUint32(50 * MAP_ENTRY_BYTES, first, true)
  view.setUint32(51 * MAP_ENTRY_BYTES, normalEntry(internalNlba), true)
  // Without flags, which is odd; and the block of the second one, which is that of its number, is somebody else's.
  view.setUint32(3000 * MAP_ENTRY_BYTES, 5, true)
  view.setUint32(3001 * MAP_ENTRY_BYTES, 5, true)
  view.setUint32(52 * MAP_ENTRY_BYTES, normalEntry(3001), true)
  const notes = new Notes(10)
  check(bytes, { observer: notes })
  const wrong = notes.runs.filter((run) => run.wrong > 0).map((run) => [run.first, run.wrong])
  expect(wrong).toEqual([
    [50, 2],
    [3000, 2],
  ])
})

test('places come before their flogs, with both info blocks', () => {
  const notes = new Notes(Infinity)
  const bytes = kernelImage('bad-info1-zero').bytes()
  check(bytes, { observer: notes })
  expect(notes.storageBytes).toBe(bytes.length)
  expect(notes.places).toMatchObject([
    {
      index: 0,
      offset: 4096,
      source: 'backup',
      primary: { hasSignature: false },
      backup: { hasSignature: true, flaws: [] },
    },
  ])
  expect(
    notes.flogs.map(([{ index }, { groups, slots }]) => [index, groups.byteLength, slots.second]),
  ).toEqual([[0, 256 * 64, 1]])
})
