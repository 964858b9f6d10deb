import { expect, test } from 'vitest'
import { kernelImages, poolImages, type KernelInfo, type PoolArena } from '@bttkit/fixtures'
import {
  INFO_BLOCK_BYTES,
  decodeInfoBlock,
  encodeInfoBlock,
  hasInfoSignature,
  infoBlocksAgree,
  type InfoBlock,
} from './index.ts'

function fromKernelManifest(info: KernelInfo): InfoBlock {
  const { versionMajor, versionMinor, checksum, checksumOk: _, ...same } = info
  return { ...same, major: versionMajor, minor: versionMinor, checksum: BigInt(checksum) }
}

const dashed = (hex: string): string => hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')

function fromPoolManifest(arena: PoolArena): InfoBlock {
  return {
    uuid: dashed(arena.uuid),
    parentUuid: dashed(arena.parent_uuid),
    flags: arena.flags,
    major: arena.major,
    minor: arena.minor,
    externalLbasize: arena.external_lbasize,
    externalNlba: arena.external_nlba,
    internalLbasize: arena.internal_lbasize,
    internalNlba: arena.internal_nlba,
    nfree: arena.nfree,
    infosize: arena.infosize,
    nextoff: arena.nextoff,
    dataoff: arena.dataoff,
    mapoff: arena.mapoff,
    logoff: arena.flogoff,
    info2off: arena.infooff,
    checksum: BigInt(arena.checksum),
  }
}

function blockAt(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.slice(at, at + INFO_BLOCK_BYTES)
}

const kernelInfos = kernelImages().flatMap((image) => {
  const bytes = image.bytes()
  return (image.manifest.arenas ?? []).map(({ at, info, infoSource }) => ({
    name: image.name,
    // The primary is zeros where the manifest has read the backup.
    primary: infoSource === 'primary' ? blockAt(bytes, at) : undefined,
    backup: blockAt(bytes, at + info.info2off),
    expected: fromKernelManifest(info),
  }))
})
const poolInfos = poolImages().flatMap((image) => {
  const bytes = image.bytes()
  return (image.manifest.arenas ?? []).map((arena) => ({
    name: image.name,
    primary: blockAt(bytes, arena.offset),
    backup: blockAt(bytes, arena.offset + arena.infooff),
    expected: fromPoolManifest(arena),
  }))
})
const infos = [...kernelInfos, ...poolInfos]
const withPrimary = infos.flatMap(({ name, primary, backup }) =>
  primary === undefined ? [] : [{ name, primary, backup }],
)

test.each(infos)('the fields of $name are those of its manifest', ({ primary, backup, expected }) => {
  expect(decodeInfoBlock(primary ?? backup)).toEqual(expected)
  expect(decodeInfoBlock(backup)).toEqual(expected)
})

test.each(infos)(
  'the info block of $name comes out the same from decoding and encoding, byte by byte',
  ({ primary, backup }) => {
    const block = primary ?? backup
    expect(Buffer.from(encodeInfoBlock(decodeInfoBlock(block))).equals(block)).toBe(true)
  },
)

test.each(infos)('the info block of $name has the signature', ({ backup }) => {
  expect(hasInfoSignature(backup)).toBe(true)
})

test.each(withPrimary)('primary and backup of $name agree', ({ primary, backup }) => {
  expect(infoBlocksAgree(primary, backup)).toBe(true)
})

test('one bit anywhere makes primary and backup disagree', () => {
  const backup = encodeInfoBlock(fields)
  for (const at of [0, 48, 2000, 4095]) {
    const changed = backup.slice()
    changed[at] = (changed[at] ?? 0) ^ 1
    expect(infoBlocksAgree(backup, changed)).toBe(false)
  }
})

test('a shorter block does not agree with a longer one that begins the same', () => {
  expect(infoBlocksAgree(new Uint8Array(4095), new Uint8Array(4096))).toBe(false)
  expect(infoBlocksAgree(new Uint8Array(4096), new Uint8Array(4095))).toBe(false)
})

// Every field at its byte, each with a value of its own.
const annotated: readonly (readonly [number, string])[] = [
  [0, '4254545f4152454e415f494e464f0000'], // signature BTT_ARENA_INFO, two NULs
  [16, '00112233445566778899aabbccddeeff'], // uuid
  [32, 'ffeeddccbbaa99887766554433221100'], // parent uuid
  [48, '01000000'], // flags
  [52, '0200'], // major
  [54, '0300'], // minor
  [56, '04000000'], // external LBA size
  [60, '05000000'], // external blocks
  [64, '06000000'], // internal LBA size
  [68, '07000000'], // internal blocks
  [72, '08000000'], // nfree
  [76, '00100000'], // size of the info block
  [80, '0000000080000000'], // nextoff, 512 GiB
  [88, '0a00000000000000'], // dataoff
  [96, '0b00000000000000'], // mapoff
  [104, '0c00000001000000'], // logoff, 4 GiB + 12
  [112, '0d00000000000000'], // info2off
]
const fields = {
  uuid: '00112233-4455-6677-8899-aabbccddeeff',
  parentUuid: 'ffeeddcc-bbaa-9988-7766-554433221100',
  flags: 1,
  major: 2,
  minor: 3,
  externalLbasize: 4,
  externalNlba: 5,
  internalLbasize: 6,
  internalNlba: 7,
  nfree: 8,
  infosize: 4096,
  nextoff: 512 * 2 ** 30,
  dataoff: 10,
  mapoff: 11,
  logoff: 2 ** 32 + 12,
  info2off: 13,
}

function annotatedBytes(): Uint8Array {
  const bytes = new Uint8Array(INFO_BLOCK_BYTES)
  for (const [at, hex] of annotated) bytes.set(Buffer.from(hex, 'hex'), at)
  return bytes
}

test('every field is read from its place', () => {
  expect(decodeInfoBlock(annotatedBytes())).toEqual({ ...fields, checksum: 0n })
})

test('every field is written to its place, and nothing else but the checksum', () => {
  const bytes = encodeInfoBlock(fields)
  bytes.fill(0, 4088)
  expect(Buffer.from(bytes).equals(annotatedBytes())).toBe(true)
})

test('a block in the middle of a buffer is read there', () => {
  const buffer = new Uint8Array(3 * INFO_BLOCK_BYTES)
  buffer.set(annotatedBytes(), 1000)
  expect(decodeInfoBlock(buffer.subarray(1000, 1000 + INFO_BLOCK_BYTES))).toEqual({ ...fields, checksum: 0n })
})

test('unsigned fields are unsigned', () => {
  const bytes = new Uint8Array(INFO_BLOCK_BYTES).fill(0xff)
  const info = decodeInfoBlock(bytes)
  expect(info).toMatchObject({ flags: 0xffffffff, major: 0xffff, externalNlba: 0xffffffff, nextoff: 2 ** 64 })
  expect(info.checksum).toBe(2n ** 64n - 1n)
})

test.each(Array.from({ length: 16 }, (_, at) => at))(
  'a block whose byte %i is changed has no signature',
  (at) => {
    const bytes = annotatedBytes()
    bytes[at] = (bytes[at] ?? 0) ^ 0x20
    expect(hasInfoSignature(bytes)).toBe(false)
  },
)

test('fewer bytes than a block have no signature', () => {
  expect(hasInfoSignature(annotatedBytes().subarray(0, 4095))).toBe(false)
})
