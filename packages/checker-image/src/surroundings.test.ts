/** Where a BTT is, and what is around it: labels, pool headers, older formats. */
import { expect, test } from 'vitest'
import { NULL_UUID, fletcher64 } from '@bttkit/btt-format'
import { kernelImage, poolImage } from '@bttkit/fixtures'
import type { Finding } from '@bttkit/interfaces'
import {
  ARENA_BYTES,
  INFO_OFFSET,
  check,
  infoOf,
  smallImage,
  storeInfo,
  twoArenas,
} from './image.test-support.ts'
import type { FindingCode } from './index.ts'

const LABEL_INDEX_BYTES = 256
const LABEL_BYTES = 256
const OTHER_UUID = 'aaaaaaaa-0000-4000-8000-bbbbbbbbbbbb'

const labelled = kernelImage('v20-4096')
const { size: namespaceBytes } = labelled.manifest.namespace

const place = (findings: readonly Finding[], code: FindingCode): Finding | undefined =>
  findings.find((finding) => finding.code === code)

const flip = (bytes: Uint8Array, offset: number): void => {
  bytes[offset] = (bytes[offset] ?? 0) ^ 1
}

/** Makes a Fletcher checksum in an image right again. */
function fixChecksum(bytes: Uint8Array, start: number, length: number, at: number): void {
  const sum = fletcher64(bytes.subarray(start, start + length), at)
  new DataView(bytes.buffer, bytes.byteOffset).setBigUint64(start + at, sum, true)
}

test('a parent UUID that a label has is right', () => {
  expect(check(labelled.bytes()).report.verdict).toBe('clean')
})

test('a torn index block of the label area is told, and the other counts', () => {
  for (const index of [0, 1]) {
    const bytes = labelled.bytes()
    flip(bytes, namespaceBytes + index * LABEL_INDEX_BYTES + 80)
    const { report, findings } = check(bytes)
    expect(report.verdict).toBe('clean')
    expect(place(findings, 'label-torn')).toMatchObject({ offset: namespaceBytes, severity: 'info' })
  }
})

test('where neither index block is right the labels tell nothing, not even of the parent', () => {
  const bytes = labelled.bytes()
  flip(bytes, namespaceBytes + 80)
  flip(bytes, namespaceBytes + LABEL_INDEX_BYTES + 80)
  const { report, findings } = check(bytes)
  expect(report.verdict).toBe('damaged')
  expect(place(findings, 'label-area')).toMatchObject({ offset: namespaceBytes })
  expect(place(findings, 'parent-uuid')).toMatchObject({ arena: 0, offset: 32 })
})

/** The label in use: the second one, because the later index block says so. */
const LABEL_AT = namespaceBytes + 2 * LABEL_INDEX_BYTES + LABEL_BYTES

test('a label that is torn is told, and does not speak for the namespace', () => {
  const bytes = labelled.bytes()
  flip(bytes, LABEL_AT + 20)
  const { findings } = check(bytes)
  expect(place(findings, 'label-torn')).toMatchObject({ offset: LABEL_AT })
  expect(place(findings, 'parent-uuid')).toBeDefined()
})

test('a label of another namespace does not match the parent UUID', () => {
  const bytes = labelled.bytes()
  flip(bytes, LABEL_AT)
  fixChecksum(bytes, LABEL_AT, LABEL_BYTES, 248)
  expect(check(bytes).findings.map(({ code }) => code)).toEqual(['parent-uuid'])
})

test('a parent UUID with nothing around the BTT to match it is damage', () => {
  const { report, findings } = check(labelled.bytes().slice(0, namespaceBytes))
  expect(report.verdict).toBe('damaged')
  expect(findings.map(({ code }) => code)).toEqual(['parent-uuid'])
})

const pool = poolImage('blk-4096')

test('a changed byte of a pool header is found', () => {
  const bytes = pool.bytes()
  flip(bytes, 40)
  expect(check(bytes).findings).toContainEqual(expect.objectContaining({ code: 'pool-header', offset: 0 }))
})

test('the second half of a pool header changes at each opening, and is not summed', () => {
  const bytes = pool.bytes()
  flip(bytes, 3000)
  expect(check(bytes).report.verdict).toBe('clean')
})

test('a pool has to be the parent of its BTT: libpmemblk would lay out another over it', () => {
  for (const parentUuid of [NULL_UUID, OTHER_UUID]) {
    const bytes = pool.bytes()
    storeInfo(bytes, 8192, { ...infoOf(bytes, 8192), parentUuid })
    const { findings } = check(bytes)
    expect(place(findings, 'parent-uuid')).toMatchObject({ severity: 'damaged', arena: 0, offset: 8192 + 32 })
  }
})

test('a uuid alone, in both info blocks of the only arena, means nothing to anybody', () => {
  const bytes = smallImage(4096)
  storeInfo(bytes, INFO_OFFSET, { ...infoOf(bytes, INFO_OFFSET), uuid: OTHER_UUID })
  expect(check(bytes)).toMatchObject({ report: { verdict: 'clean' }, findings: [] })
})

test('what an older format left in front of the BTT is told', () => {
  const bytes = smallImage(4096)
  bytes.set(bytes.subarray(INFO_OFFSET, 2 * INFO_OFFSET), 0)
  const { report, findings } = check(bytes)
  expect(report).toMatchObject({ verdict: 'clean', namespaceOffset: INFO_OFFSET })
  expect(findings).toEqual([expect.objectContaining({ code: 'stale-info', offset: 0 })])
})

test('two that both count are refused, unless one is named', () => {
  const bytes = new Uint8Array(2 * INFO_OFFSET + ARENA_BYTES)
  bytes.set(smallImage(4096))
  storeInfo(bytes, 0, {
    ...infoOf(bytes, INFO_OFFSET),
    major: 2,
    minor: 0,
    info2off: bytes.length - INFO_OFFSET,
  })
  const both = check(bytes)
  expect(both.report.verdict).toBe('unreadable')
  expect(both.findings.map(({ code }) => code)).toEqual(['ambiguous-btt'])
  expect(check(bytes, { namespaceOffset: INFO_OFFSET }).report.verdict).toBe('clean')
})

test('a BTT within something larger is found where it is said to be', () => {
  const bytes = new Uint8Array(2 ** 20 + ARENA_BYTES)
  bytes.set(smallImage(4096).subarray(INFO_OFFSET), 2 ** 20)
  expect(check(bytes).report.verdict).toBe('unreadable')
  expect(check(bytes, { namespaceOffset: 2 ** 20 }).report).toMatchObject({
    verdict: 'clean',
    namespaceOffset: 2 ** 20,
  })
})

test.each([0, 1, 4096, 8192, 16 * 2 ** 20 - 1, 20 * 2 ** 20])('%d bytes of zeros hold no BTT', (size) => {
  const { report, findings } = check(new Uint8Array(size))
  expect(report).toMatchObject({ verdict: 'unreadable', arenas: [] })
  expect(findings.map(({ code }) => code)).toEqual(['no-btt'])
})

test('an offset that is not on the storage holds none', () => {
  for (const namespaceOffset of [-4096, 2 ** 40, 0.5, Number.MAX_SAFE_INTEGER])
    expect(check(smallImage(4096), { namespaceOffset }).report.verdict).toBe('unreadable')
})

test('an arena to which no other leads is found', () => {
  const bytes = twoArenas(4096)
  storeInfo(bytes, INFO_OFFSET, { ...infoOf(bytes, INFO_OFFSET), nextoff: 0 })
  const { report, findings } = check(bytes)
  expect(report.verdict).toBe('damaged')
  expect(findings).toContainEqual(
    expect.objectContaining({ code: 'arena-unreachable', arena: 1, offset: INFO_OFFSET + ARENA_BYTES }),
  )
})

test('behind an arena that is lost, those before it are checked all the same', () => {
  const bytes = twoArenas(4096)
  const second = INFO_OFFSET + ARENA_BYTES
  const { info2off } = infoOf(bytes, second)
  for (const offset of [second, second + info2off]) bytes.fill(0, offset, offset + 4096)
  const { report, findings } = check(bytes)
  expect(report.verdict).toBe('damaged')
  expect(report.arenas).toHaveLength(1)
  expect(place(findings, 'arena-lost')).toMatchObject({ arena: 1, offset: second })
})

test('a pool whose header is lost is no BTT, and where its BTT is is told', () => {
  const bytes = poolImage('blk-4096').bytes()
  bytes.fill(0, 0, 8192)
  const { report, findings } = check(bytes)
  expect(report.verdict).toBe('unreadable')
  expect(place(findings, 'no-btt')?.message).toContain('--offset 8192')
  expect(check(bytes, { namespaceOffset: 8192 }).report.arenas).toHaveLength(1)
})

test('a pool of a format that libpmemblk does not know is told, and its BTT is checked', () => {
  for (const [at, value] of [
    [8, 2],
    [16, 8],
  ] as const) {
    const bytes = poolImage('blk-4096').bytes()
    bytes[at] = value
    fixChecksum(bytes, 0, 4096, 4088)
    const { report, findings } = check(bytes)
    expect(report.arenas).toHaveLength(1)
    expect(findings.findLast(({ code }) => code === 'pool-header')?.message).toContain('does not know')
  }
})
