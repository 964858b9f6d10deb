/** Media that have lost something: each loss is a finding, and the rest is checked. */
import { expect, test } from 'vitest'
import { MAP_ENTRY_BYTES, stripFlags } from '@bttkit/btt-format'
import { ProviderIoError, type ByteRange, type Finding } from '@bttkit/interfaces'
import { FaultLayer } from '@bttkit/pmem-layers'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAtomic } from '@bttkit/sleepable'
import { INFO_OFFSET, infoOf, smallImage, type Checked } from './image.test-support.ts'
import { examineImage } from './index.ts'
import { Damage } from './repair.test-support.ts'

const image = smallImage(512)
const info = infoOf(image, INFO_OFFSET)

function checkWithout(...mediaErrors: ByteRange[]): Checked {
  const provider = new FaultLayer(new MemoryProvider({ bytes: image }), { mediaErrors })
  const findings: Finding[] = []
  return {
    report: runAtomic(examineImage(provider, { onFinding: (finding) => findings.push(finding) })),
    findings,
  }
}

const codesOf = ({ findings }: Checked): string[] =>
  findings.map(({ code }) => code).filter((code) => code !== 'medium-bad' && code !== 'zero-entries')

const badMedia = ({ findings }: Checked): readonly Finding[] =>
  findings.filter(({ code }) => code === 'medium-bad')

const blockAt = (block: number): number => INFO_OFFSET + info.dataoff + block * info.internalLbasize

test('sectors of which the storage knows that it has lost them are named', () => {
  const damage = new Damage(image)
  const [one, other, never] = [damage.block(7), damage.block(20), 5000]
  const checked = checkWithout(
    { offset: blockAt(one), length: 1 },
    { offset: blockAt(other) + 300, length: 1 },
    { offset: blockAt(never), length: 2 * info.internalLbasize },
  )
  expect(checked.report.verdict).toBe('clean')
  expect(badMedia(checked).map(({ offset, lba, block }) => ({ offset, lba, block }))).toEqual(
    [
      { offset: blockAt(one), lba: 7, block: one },
      { offset: blockAt(other), lba: 20, block: other },
      { offset: blockAt(never), lba: never, block: never },
    ].toSorted((a, b) => a.offset - b.offset),
  )
  expect(badMedia(checked).at(-1)).toMatchObject({ lbas: [never, never + 1] })
})

test('in a hole of the map, too', () => {
  class Holed extends FaultLayer {
    override dataRanges = (): ByteRange[] => []
  }
  const empty = smallImage(512, 0)
  new Damage(empty).setEntry(3, 0).setEntry(4, 0)
  const mediaErrors = [{ offset: blockAt(5000), length: 1 }]
  const findings: Finding[] = []
  const provider = new Holed(new MemoryProvider({ bytes: empty }), { mediaErrors })
  runAtomic(examineImage(provider, { onFinding: (finding) => findings.push(finding) }))
  expect(findings).toEqual([expect.objectContaining({ code: 'medium-bad', lbas: [5000] })])
})

test('a lane whose free block is lost is named', () => {
  const free = stripFlags(new Damage(image).newer(1).oldMap)
  const [finding] = badMedia(checkWithout({ offset: blockAt(free), length: 1 }))
  expect(finding).toMatchObject({ block: free, lanes: [1] })
  expect(finding).not.toHaveProperty('lba')
})

test.each([
  ['the primary info block', INFO_OFFSET],
  ['the map', INFO_OFFSET + info.mapoff],
  ['the flog', INFO_OFFSET + info.logoff],
  ['the backup info block', INFO_OFFSET + info.info2off],
  [undefined, 0],
])('what is lost of metadata is said to be where it is: %s', (where, offset) => {
  const [finding] = badMedia(checkWithout({ offset, length: 1 }))
  expect(finding?.offset).toBe(offset)
  expect(/ in (.*) of arena 0$/.exec(finding?.message ?? '')?.[1]).toBe(where)
})

test('a lost primary info block is as good as a damaged one', () => {
  const checked = checkWithout({ offset: INFO_OFFSET + 512, length: 1 })
  expect(codesOf(checked)).toEqual(['primary-info-bad'])
  expect(checked.report.arenas).toHaveLength(1)
})

test('so is a lost backup', () => {
  expect(codesOf(checkWithout({ offset: INFO_OFFSET + info.info2off, length: 1 }))).toEqual([
    'backup-info-bad',
  ])
})

test('a lost unit of the flog takes its lanes, and their blocks are without an owner', () => {
  const checked = checkWithout({ offset: INFO_OFFSET + info.logoff, length: 1 })
  const lanes = checked.findings.filter(({ code }) => code === 'flog-lost').map(({ lane }) => lane)
  expect(lanes).toEqual([0, 1, 2, 3])
  expect(codesOf(checked).filter((code) => code === 'block-lost')).toHaveLength(info.nfree)
})

test('a lost unit of the map takes its entries and no others', () => {
  const first = 4096
  const checked = checkWithout({ offset: INFO_OFFSET + info.mapoff + first * MAP_ENTRY_BYTES, length: 512 })
  expect(checked.findings.filter(({ code }) => code === 'map-lost')).toEqual([
    expect.objectContaining({
      arena: 0,
      lba: first,
      offset: INFO_OFFSET + info.mapoff + first * MAP_ENTRY_BYTES,
    }),
  ])
  expect(checked.report.arenas[0]?.sectors).toMatchObject({
    unknown: 512 / MAP_ENTRY_BYTES,
    initial: info.externalNlba - 512 / MAP_ENTRY_BYTES - 40,
  })
  expect(codesOf(checked).filter((code) => code === 'block-lost')).toHaveLength(512 / MAP_ENTRY_BYTES)
})

test('when the whole map is lost the check comes to its end', () => {
  const checked = checkWithout({ offset: INFO_OFFSET + info.mapoff, length: info.logoff - info.mapoff })
  expect(checked.report.arenas[0]?.sectors.unknown).toBe(info.externalNlba)
  expect(checked.report.findingsByCode['block-lost']).toBe(info.externalNlba)
})

test('EIO is a loss, whatever it is called', () => {
  class Failing extends MemoryProvider {
    override read(offset: number, target: Uint8Array): undefined {
      if (offset === INFO_OFFSET + info.info2off)
        throw new ProviderIoError({ image: this.name, offset }, 'no answer', 'EIO')
      super.read(offset, target)
    }
  }
  const { findingsByCode } = runAtomic(examineImage(new Failing({ bytes: image })))
  expect(findingsByCode).toEqual({ 'backup-info-bad': 1, 'zero-entries': 1 })
})

test('a failure that is no loss ends the check', () => {
  const provider = new FaultLayer(new MemoryProvider({ bytes: image }), {
    faults: [{ on: 'read', effect: 'error', errno: 'ENOMEM' }],
  })
  expect(() => runAtomic(examineImage(provider))).toThrow(/ENOMEM/)
})
