import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { kernelImage } from '@bttkit/fixtures'
import { decodeNamespaceLabels, fletcher64 } from './index.ts'

const image = kernelImage('v20-4096')
const { size, labelAreaBytes = 0, uuid } = image.manifest.namespace
const area = image.bytes().subarray(size, size + labelAreaBytes)

const uuidsIn = (bytes: Uint8Array): string[] | undefined =>
  decodeNamespaceLabels(bytes)?.labels.map((label) => label.uuid)

test('the labels of an NVDIMM name its namespace', () => {
  const labels = decodeNamespaceLabels(area)
  expect(labels).toMatchObject({ soundIndexes: 2, tornLabels: [], misplacedLabels: [] })
  expect(labels?.labels).toEqual([
    expect.objectContaining({ uuid, name: 'oracle', dpa: 0n, rawSize: BigInt(size) }),
  ])
})

test('the index block with the later sequence number counts, while it is sound', () => {
  const changed = area.slice()
  // The older label is that of slot 0, behind both index blocks; the first index block is the later one.
  const label = changed.subarray(512, 768)
  label[0] = 0
  new DataView(changed.buffer).setBigUint64(512 + 248, fletcher64(label, 248), true)
  expect(uuidsIn(changed)).toEqual([uuid])
  changed[100] = 1
  expect(decodeNamespaceLabels(changed)?.soundIndexes).toBe(1)
  expect(uuidsIn(changed)).toEqual([`00${uuid?.slice(2)}`])
})

test('whatever is in an area, decoding it ends', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(600), fc.nat(255))), (changes) => {
      const changed = area.slice(0, 4096)
      for (const [at, byte] of changes) changed[at] = byte
      const labels = decodeNamespaceLabels(changed)
      expect(labels === undefined || labels.soundIndexes <= 2).toBe(true)
    }),
  )
})
