import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { applyPatches, corruptions, kernelImages, poolImage, poolImages } from '@bttkit/fixtures'
import {
  INFO_BLOCK_BYTES,
  NULL_UUID,
  encodeInfoBlock,
  infoChecksum,
  isKnownVersion,
  judgeInfoBlock,
  type InfoBlock,
  type InfoVerdict,
} from './index.ts'

/** 64 MiB, 2.0, sectors of 4096 bytes: the layout that Linux makes. */
const sound = {
  uuid: '00112233-4455-6677-8899-aabbccddeeff',
  parentUuid: NULL_UUID,
  flags: 0,
  major: 2,
  minor: 0,
  externalLbasize: 4096,
  externalNlba: 16105,
  internalLbasize: 4096,
  internalNlba: 16361,
  nfree: 256,
  infosize: 4096,
  nextoff: 0,
  dataoff: 4096,
  mapoff: 0x3feb000,
  logoff: 0x3ffb000,
  info2off: 0x3fff000,
}
const ROOM = 64 * 2 ** 20

type Fields = Partial<typeof sound>

const judge = (change: Fields, room = ROOM): InfoVerdict =>
  judgeInfoBlock(encodeInfoBlock({ ...sound, ...change }), room)

const FIELDS = {
  flags: [48, 4],
  major: [52, 2],
  minor: [54, 2],
  externalLbasize: [56, 4],
  externalNlba: [60, 4],
  internalLbasize: [64, 4],
  internalNlba: [68, 4],
  nfree: [72, 4],
  infosize: [76, 4],
  nextoff: [80, 8],
  dataoff: [88, 8],
  mapoff: [96, 8],
  logoff: [104, 8],
  info2off: [112, 8],
} as const
type FieldName = keyof typeof FIELDS
const fieldNames = fc.constantFrom<FieldName[]>(
  ...([
    'flags',
    'major',
    'minor',
    'externalLbasize',
    'externalNlba',
    'internalLbasize',
    'internalNlba',
  ] as const),
  ...(['nfree', 'infosize', 'nextoff', 'dataoff', 'mapoff', 'logoff', 'info2off'] as const),
)
const offsets = ['nextoff', 'dataoff', 'mapoff', 'logoff', 'info2off'] as const

function setField(bytes: Uint8Array, field: FieldName, value: bigint): void {
  const [at, size] = FIELDS[field]
  for (let i = 0; i < size; i++) bytes[at + i] = Number((value >> BigInt(8 * i)) & 0xffn)
}

function getField(bytes: Uint8Array, field: FieldName): bigint {
  const [at, size] = FIELDS[field]
  return bytes.subarray(at, at + size).reduceRight((value, byte) => value * 256n + BigInt(byte), 0n)
}

function fixChecksum(bytes: Uint8Array): Uint8Array {
  new DataView(bytes.buffer, bytes.byteOffset).setBigUint64(4088, infoChecksum(bytes), true)
  return bytes
}

/** A sound block with one field set to any value, and the checksum made right. */
function withField(field: FieldName, value: bigint): Uint8Array {
  const bytes = encodeInfoBlock(sound)
  setField(bytes, field, value)
  return fixChecksum(bytes)
}

test('a sound block is taken without doubts', () => {
  expect(judge({})).toEqual({ info: expect.objectContaining(sound), doubts: [] })
})

const u32 = 2 ** 32 - 1

/** Each refusal, by one field that is wrong. */
test.each<[string, Fields, RegExp]>([
  ['version 0.0', { major: 0 }, /version is 0\.0/],
  ['version 1.0', { major: 1, minor: 0 }, /version/],
  ['version 1.2', { major: 1, minor: 2 }, /version is 1\.2/],
  ['version 2.1', { minor: 1 }, /version/],
  ['version 3.0', { major: 3 }, /version/],
  ['an info block of 0 bytes', { infosize: 0 }, /size field is 0/],
  ['an info block of 8192 bytes', { infosize: 8192 }, /size field is 8192/],
  ['an info block of 2^32 - 1 bytes', { infosize: u32 }, /size field/],
  ['sectors of 0 bytes', { externalLbasize: 0 }, /external LBA size is 0/],
  ['sectors of more than 1 GiB', { externalLbasize: 2 ** 30 + 1 }, /external LBA size/],
  ['sectors of 2^32 - 1 bytes', { externalLbasize: u32 }, /external LBA size/],
  ['blocks of 0 bytes', { internalLbasize: 0 }, /internal LBA size 0/],
  ['blocks smaller than sectors', { internalLbasize: 4095 }, /internal LBA size 4095/],
  ['sectors larger than blocks', { externalLbasize: 4097 }, /internal LBA size/],
  ['no spare blocks', { nfree: 0 }, /nfree is 0/],
  ['more spare blocks than anyone makes', { nfree: 65537 }, /nfree is 65537/],
  ['2^32 - 1 spare blocks', { nfree: u32 }, /nfree/],
  ['no sectors', { externalNlba: 0, internalNlba: 256 }, /no sectors/],
  ['a sector more than blocks', { externalNlba: 16106 }, /add up/],
  ['a sector less than blocks', { externalNlba: 16104 }, /add up/],
  ['2^32 - 1 sectors', { externalNlba: u32 }, /add up/],
  ['a block less than sectors', { internalNlba: 16360 }, /add up/],
  ['2^32 - 1 blocks', { internalNlba: u32 }, /add up/],
  ['fewer spare blocks than there are', { nfree: 128 }, /add up/],
  [
    'a sum that would only be right modulo 2^32',
    { externalNlba: u32, nfree: 257, internalNlba: 256 },
    /add up/,
  ],
  [
    'a block more than a map entry can name',
    { externalNlba: 2 ** 30 - 255, internalNlba: 2 ** 30 + 1 },
    /does not fit a map entry/,
  ],
  ['a map at an odd byte', { mapoff: sound.mapoff + 2 }, /map is not aligned/],
  ['a flog in the middle of a group', { logoff: sound.logoff + 32 }, /flog is not aligned/],
  ['blocks that reach into the map', { internalLbasize: 4097 }, /the map overlaps the data/],
  ['data over the info block', { dataoff: 0 }, /overlaps/],
  ['data that reach into the map', { dataoff: 4096 * 4 }, /the map overlaps the data/],
  ['data behind everything', { dataoff: ROOM }, /the data ends beyond/],
  ['a map over the info block', { mapoff: 0 }, /overlaps/],
  ['a map in the data', { mapoff: 8192 }, /overlaps/],
  ['a map that reaches into the flog', { mapoff: sound.mapoff + 4096 }, /the flog overlaps the map/],
  ['a map that ends beyond the storage', { mapoff: ROOM }, /the map ends beyond/],
  ['a flog over the info block', { logoff: 0 }, /overlaps/],
  ['a flog in the map', { logoff: sound.mapoff }, /overlaps/],
  [
    'a flog that reaches into the backup',
    { logoff: sound.logoff + 64 },
    /the backup info block overlaps the flog/,
  ],
  ['a flog behind everything', { logoff: ROOM }, /the flog ends beyond/],
  ['a backup in the primary', { info2off: 0 }, /overlaps/],
  ['a backup in the flog', { info2off: sound.info2off - 1 }, /overlaps/],
  [
    'a backup that ends one byte beyond the storage',
    { info2off: sound.info2off + 1 },
    /the backup info block ends beyond/,
  ],
  ['a next arena in this one', { nextoff: 4096 }, /begins inside/],
  ['a next arena on the backup', { nextoff: sound.info2off }, /begins inside/],
  ['a next arena behind the storage', { nextoff: ROOM }, /begins beyond/],
])('%s is refused', (_, change, reason) => {
  expect(judge(change).refusal).toMatch(reason)
})

test('a refused block is given no doubts', () => {
  expect(judge({ flags: 0x80, nfree: 0 }).doubts).toEqual([])
})

test.each([0, 13, 14, 15])(
  'a block without byte %i of the signature is refused, right checksum or not',
  (at) => {
    const bytes = encodeInfoBlock(sound)
    bytes[at] = 0x20
    expect(judgeInfoBlock(fixChecksum(bytes), ROOM).refusal).toMatch(/signature/)
  },
)

test('zeros, whose checksum is right, are refused', () => {
  expect(judgeInfoBlock(new Uint8Array(INFO_BLOCK_BYTES), ROOM).refusal).toMatch(/signature/)
})

test.each([16, 32, 48, 60, 119, 120, 4087, 4088, 4095])(
  'a block with one bit of byte %i changed is refused for its checksum',
  (at) => {
    const bytes = encodeInfoBlock(sound)
    bytes[at] = (bytes[at] ?? 0) ^ 0x10
    expect(judgeInfoBlock(bytes, ROOM).refusal).toMatch(/checksum/)
  },
)

const huge = [
  2n ** 31n,
  2n ** 32n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 53n + 1n,
  2n ** 63n,
  2n ** 64n - 4096n,
  2n ** 64n - 1n,
]
test.each(offsets.flatMap((field) => huge.map((value) => [field, value] as const)))(
  '%s = %d is refused',
  (field, value) => {
    expect(judgeInfoBlock(withField(field, value), ROOM).refusal).toMatch(
      /beyond the storage|not aligned|begins inside/,
    )
  },
)

test.each(offsets.flatMap((field) => huge.map((value) => [field, value] as const)))(
  '%s = %d is refused also where the storage is as large as can be',
  (field, value) => {
    const { refusal } = judgeInfoBlock(withField(field, value), 2 ** 53 - 1)
    const inside = value + 2n ** 20n < 2n ** 53n
    expect(refusal !== undefined || inside).toBe(true)
  },
)

test('the storage may end right after the backup, and not before', () => {
  expect(judge({}, ROOM).refusal).toBeUndefined()
  expect(judge({}, ROOM - 1).refusal).toMatch(/beyond the storage/)
  expect(judge({}, 0).refusal).toMatch(/beyond the storage/)
})

test('a next arena may begin right after the backup, and where just 16 MiB are left', () => {
  expect(judge({ nextoff: ROOM }, ROOM + 16 * 2 ** 20).refusal).toBeUndefined()
  expect(judge({ nextoff: ROOM }, ROOM + 16 * 2 ** 20 - 1).refusal).toMatch(/begins beyond/)
  expect(judge({ nextoff: ROOM + 4096 }, ROOM + 16 * 2 ** 20 + 4096).refusal).toBeUndefined()
})

test('a next arena must begin on a page', () => {
  expect(judge({ nextoff: ROOM + 512 }, ROOM + 32 * 2 ** 20).refusal).toBeDefined()
})

// A 512 GiB arena: offsets beyond 32 bits are nothing special.
test('offsets beyond 32 bits are taken', () => {
  const large = {
    externalLbasize: 512,
    internalLbasize: 512,
    externalNlba: 1065417932,
    internalNlba: 1065418188,
    mapoff: 0x7f01fbb000,
    logoff: 0x7fffffb000,
    info2off: 0x7ffffff000,
  }
  expect(judge(large, 2 ** 39)).toMatchObject({ doubts: [], info: large })
  expect(judge(large, 2 ** 39 - 1).refusal).toMatch(/beyond the storage/)
})

test('sections may lie in any order, as long as they are apart', () => {
  // The flog and the map before the data.
  const moved = { logoff: 4096, mapoff: 4096 + 16384, dataoff: 4096 + 16384 + 65536 }
  expect(judge({ ...moved, externalNlba: 16000, internalNlba: 16256 }).refusal).toBeUndefined()
})

test('an arena in error state is taken without doubts', () => {
  expect(judge({ flags: 1 })).toMatchObject({ doubts: [] })
  expect(judge({ flags: 1 }).refusal).toBeUndefined()
})

test.each([2, 0x80, 0x81, 0x80000000])('flags %i make a doubt', (flags) => {
  const verdict = judge({ flags })
  expect(verdict.refusal).toBeUndefined()
  expect(verdict.doubts).toEqual([expect.stringMatching(/unknown flags 0x/)])
})

test('room between map and flog makes a doubt', () => {
  // 1024 sectors less: a page of map less.
  const verdict = judge({ externalNlba: 16105 - 1024, internalNlba: 16361 - 1024 })
  expect(verdict.refusal).toBeUndefined()
  expect(verdict.doubts).toEqual(['the map does not end where the flog begins'])
})

test('room between flog and backup makes a doubt', () => {
  const verdict = judge({ info2off: sound.info2off + 4096 }, ROOM + 4096)
  expect(verdict.refusal).toBeUndefined()
  expect(verdict.doubts).toEqual(['the flog does not end where the backup info block begins'])
})

test.each([
  [1, 1, true],
  [2, 0, true],
  [1, 0, false],
  [2, 1, false],
  [0, 1, false],
  [3, 0, false],
])('version %i.%i is known: %s', (major, minor, known) => {
  expect(isKnownVersion({ ...sound, checksum: 0n, major, minor } satisfies InfoBlock)).toBe(known)
})

const arenas = [
  ...kernelImages().flatMap((image) =>
    (image.manifest.arenas ?? []).map(({ at, infoSource, info }) => {
      const start = infoSource === 'primary' ? at : at + info.info2off
      return { name: image.name, image, start, room: image.manifest.namespace.size - at }
    }),
  ),
  ...poolImages().flatMap((image) =>
    (image.manifest.arenas ?? []).map(({ offset }) => {
      return { name: image.name, image, start: offset, room: image.manifest.pool_file.size - offset }
    }),
  ),
]

test.each(arenas)('the info block of $name is taken without doubts', ({ image, start, room }) => {
  const { refusal, doubts } = judgeInfoBlock(image.bytes().subarray(start, start + INFO_BLOCK_BYTES), room)
  expect(refusal).toBeUndefined()
  expect(doubts).toEqual([])
})

const crashPool = poolImage('crash-4096')
const poolHead = crashPool.bytes().slice(0, 12288)
const poolRoom = crashPool.manifest.btt.length

/** The primary info block of the pool, damaged. */
function damagedInfo(name: string): Uint8Array {
  const patches = corruptions().find((corruption) => corruption.name === name)?.patches ?? []
  const head = poolHead.slice()
  applyPatches(
    head,
    patches.filter((patch) => patch.offset < head.length),
  )
  return head.subarray(8192)
}

// What was done to the primary info block says what must be found.
test.each([
  ['info-header-sig', /signature/],
  ['info-header-checksum', /checksum/],
  ['info-header-field', /checksum/],
  ['info-header-zero', /signature/],
  ['info-nlba-small', /add up/],
  ['info-nlba-big', /add up/],
  ['info-internal-nlba-big', /add up/],
  ['info-nfree-128', /add up/],
  ['info-nfree-0', /nfree/],
  ['info-major-0', /version/],
  ['info-minor-9', /version/],
  ['info-lbasize', /internal LBA size/],
  ['info-mapoff', /overlaps/],
  ['info-infooff', /overlaps/],
  ['info-nextoff', /begins beyond/],
])('the damage %s is refused', (name, reason) => {
  expect(judgeInfoBlock(damagedInfo(name), poolRoom).refusal).toMatch(reason)
})

test.each([
  ['info-error-flag', 0],
  ['info-unknown-flag', 1],
  ['info-major-2', 0],
  ['info-parent-uuid', 0],
])('the damage %s is not for the info block alone to refuse, and raises %i doubts', (name, doubts) => {
  expect(Buffer.compare(damagedInfo(name), poolHead.subarray(8192))).not.toBe(0)
  const verdict = judgeInfoBlock(damagedInfo(name), poolRoom)
  expect(verdict.refusal).toBeUndefined()
  expect(verdict.doubts).toHaveLength(doubts)
})

/** The sections of a block as exact numbers, from its bytes. */
function exactSections(bytes: Uint8Array): [start: bigint, end: bigint][] {
  const field = (name: FieldName): bigint => getField(bytes, name)
  const lengths: [bigint, bigint][] = [
    [0n, 4096n],
    [field('dataoff'), field('internalNlba') * field('internalLbasize')],
    [field('mapoff'), field('externalNlba') * 4n],
    [field('logoff'), field('nfree') * 64n],
    [field('info2off'), 4096n],
  ]
  return lengths.map(([start, length]) => [start, start + length])
}

/** Whether the sections are inside of the storage and apart from each other. */
function isInBounds(bytes: Uint8Array, room: number): boolean {
  const sections = exactSections(bytes)
  const inside = sections.every(([, end]) => end <= BigInt(room))
  const apart = sections.every(([start, end], i) =>
    sections.every(([s, e], j) => i === j || end <= s || e <= start),
  )
  const next = getField(bytes, 'nextoff')
  return inside && apart && (next === 0n || next + 16n * 2n ** 20n <= BigInt(room))
}

const near = fc.integer({ min: -5000, max: 5000 }).map(BigInt)
const anyValue = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.constantFrom(0n, 1n, 2n ** 30n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n),
  fc.constantFrom(...offsets).map((field) => BigInt(sound[field])),
)
const change = fc.record({
  field: fieldNames,
  value: anyValue,
  add: near,
  relative: fc.boolean(),
})
const anyRoom = fc.oneof(fc.constant(ROOM), fc.constant(2 ** 53 - 1), fc.nat(2 ** 31 - 1))

test('whatever is in its fields, judging a block never throws, and what it takes is in bounds', () => {
  let taken = 0
  const property = fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), anyRoom, (changes, room) => {
    const bytes = encodeInfoBlock(sound)
    for (const { field, value, add, relative } of changes) {
      const wanted = relative ? getField(bytes, field) + add : value
      setField(bytes, field, wanted < 0n ? 0n : wanted)
    }
    const { refusal } = judgeInfoBlock(fixChecksum(bytes), room)
    if (refusal === undefined) taken++
    expect(refusal !== undefined || isInBounds(bytes, room)).toBe(true)
  })
  fc.assert(property, { numRuns: 5000 })
  // Otherwise the property would say nothing about what is taken.
  expect(taken).toBeGreaterThan(20)
})

test('judging any 4096 bytes with the signature and a right checksum never throws', () => {
  const property = fc.property(fc.uint8Array({ minLength: 120, maxLength: 120 }), anyRoom, (header, room) => {
    const bytes = encodeInfoBlock(sound)
    bytes.set(header.subarray(48), 48)
    const { refusal } = judgeInfoBlock(fixChecksum(bytes), room)
    expect(refusal !== undefined || isInBounds(bytes, room)).toBe(true)
  })
  fc.assert(property, { numRuns: 1000 })
})
