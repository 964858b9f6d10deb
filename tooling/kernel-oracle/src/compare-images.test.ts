import { expect, test } from 'vitest'
import { mapState } from '@bttkit/btt-format'
import { kernelImage } from '@bttkit/fixtures'
import { compareImages, type CompareOptions } from './compare-images.ts'

const image = kernelImage('v11-4096')
const [arena] = image.manifest.arenas ?? []
if (arena === undefined) throw new Error('the image has no arena')
const { at: arenaAt, info } = arena
const stored = image.bytes()

function compare(change: (bytes: Uint8Array, view: DataView) => void, options?: CompareOptions): string[] {
  const made = stored.slice()
  change(made, new DataView(made.buffer))
  return [
    ...compareImages(
      { bytes: stored, arenaAt },
      { bytes: made, arenaAt },
      options ?? { areUuidsFree: false },
    ),
  ]
}

const entryAt = (lba: number): number => arenaAt + info.mapoff + 4 * lba

/** The first sectors that were written. */
const storedView = new DataView(stored.buffer)
const written = Array.from({ length: info.externalNlba }, (_, lba) => lba).filter(
  (lba) => mapState(storedView.getUint32(entryAt(lba), true)) === 'normal',
)
const [lba = 0, otherLba = 0] = written

test('an image is as itself', () => {
  expect(compare(() => {})).toEqual([])
})

test('two sectors that change blocks, with their contents, are free to', () => {
  const problems = compare((bytes, view) => {
    const [one, other] = [view.getUint32(entryAt(lba), true), view.getUint32(entryAt(otherLba), true)]
    view.setUint32(entryAt(lba), other, true)
    view.setUint32(entryAt(otherLba), one, true)
    const places = [one, other].map((entry) => arenaAt + info.dataoff + (entry & 0x3fff_ffff) * 4096)
    const [from = 0, to = 0] = places
    const kept = bytes.slice(from, from + 4096)
    bytes.copyWithin(from, to, to + 4096)
    bytes.set(kept, to)
  })
  expect(problems).toEqual([])
})

test('a sector with the block of another differs', () => {
  const problems = compare((_, view) =>
    view.setUint32(entryAt(lba), view.getUint32(entryAt(otherLba), true), true),
  )
  expect(problems).toEqual([`1 sectors: its block differs (${lba}…)`])
})

test('a map entry in another state differs', () => {
  const problems = compare((_, view) =>
    view.setUint8(entryAt(lba) + 3, view.getUint8(entryAt(lba) + 3) & 0x7f),
  )
  expect(problems).toEqual([`1 sectors: the state of its map entry differs (${lba}…)`])
})

test.each([
  ['what is before the arena', 100],
  ['their info blocks', arenaAt + 20],
  ['the backups of their info blocks', arenaAt + info.info2off + 200],
  ['what is behind the map', arenaAt + info.logoff - 1],
])('%s may not differ in a byte', (what, at) => {
  const problems = compare((bytes) => (bytes[at] = (bytes[at] ?? 0) ^ 1))
  expect(problems).toEqual([`${what} differ${what.startsWith('what') ? 's' : ''}`])
})

test('uuids may, where they are free, and nothing beside them', () => {
  const other = (at: number) => (bytes: Uint8Array) => {
    for (const block of [0, info.info2off]) bytes[arenaAt + block + at] = 0xab
  }
  expect(compare(other(20), { areUuidsFree: true })).toEqual([])
  expect(compare(other(50), { areUuidsFree: true })).toContain('their info blocks differ')
})
