/** Media that have lost something: each loss is a finding, and the rest is checked. */
import { expect, test } from 'vitest'
import { MAP_ENTRY_BYTES } from '@bttkit/btt-format'
import { ProviderIoError, type ByteRange, type Finding } from '@bttkit/interfaces'
import { FaultLayer } from '@bttkit/pmem-layers'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAtomic } from '@bttkit/sleepable'
import { INFO_OFFSET, infoOf, smallImage, type Checked } from './image.test-support.ts'
import { examineImage } from './index.ts'

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
  findings.map(({ code }) => code).filter((code) => code !== 'medium-bad')

test('what the storage knows to be lost is told, wherever it is', () => {
  const data = { offset: INFO_OFFSET + info.dataoff, length: 1024 }
  const checked = checkWithout(data)
  expect(checked.report.verdict).toBe('clean')
  expect(checked.findings).toEqual([expect.objectContaining({ code: 'medium-bad', offset: data.offset })])
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
  expect(findingsByCode).toEqual({ 'backup-info-bad': 1 })
})

test('a failure that is no loss ends the check', () => {
  const provider = new FaultLayer(new MemoryProvider({ bytes: image }), {
    faults: [{ on: 'read', effect: 'error', errno: 'ENOMEM' }],
  })
  expect(() => runAtomic(examineImage(provider))).toThrow(/ENOMEM/)
})
