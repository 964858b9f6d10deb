/**
 * The info block: 4096 bytes at the start of every arena, and a copy at its end.
 *
 * UEFI specification, "Block Translation Table (BTT) Layout", BTT Info Block. All numbers are little-endian; every offset in it is
 * relative to the start of the arena it describes, not to the device.
 */
import { fletcher64 } from './fletcher64.ts'
import { decodeUuid, encodeUuid } from './uuid.ts'

export const INFO_BLOCK_BYTES = 4096

/** Flag: the arena is in error state; it may be read, not written. */
export const FLAG_ERROR = 1

const SIGNATURE = Uint8Array.from('BTT_ARENA_INFO\0\0', (character) => character.charCodeAt(0))

/** Byte of each field in the block. */
const AT = {
  /** 16 bytes: ASCII BTT_ARENA_INFO and two NULs. */
  signature: 0,
  /** 16 bytes: one value for all arenas of a BTT. */
  uuid: 16,
  /** 16 bytes: of the namespace or pool around it; zeros for none. */
  parentUuid: 32,
  /** u32. */
  flags: 48,
  /** u16. */
  major: 52,
  /** u16. */
  minor: 54,
  /** u32, bytes: the advertised sector size, with metadata. */
  externalLbasize: 56,
  /** u32: sectors that the arena offers. */
  externalNlba: 60,
  /** u32, bytes: the stride of data blocks. */
  internalLbasize: 64,
  /** u32: data blocks; external_nlba + nfree. */
  internalNlba: 68,
  /** u32: spare blocks, flog groups, and the most lanes there can be. */
  nfree: 72,
  /** u32, bytes: 4096. */
  infosize: 76,
  /** u64, bytes: from this arena's start to the next one's; 0 for the last. */
  nextoff: 80,
  /** u64, bytes: data blocks. */
  dataoff: 88,
  /** u64, bytes: map. */
  mapoff: 96,
  /** u64, bytes: flog. */
  logoff: 104,
  /** u64, bytes: the copy of this block. */
  info2off: 112,
  /** u64: Fletcher-64 of the block. What lies between is reserved and zero. */
  checksum: 4088,
} as const

/** The fields of an info block. A u64 beyond 2^53 is here as the nearest number; `judgeInfoBlock` refuses it. */
export interface InfoBlock {
  readonly uuid: string
  readonly parentUuid: string
  readonly flags: number
  readonly major: number
  readonly minor: number
  readonly externalLbasize: number
  readonly externalNlba: number
  readonly internalLbasize: number
  readonly internalNlba: number
  readonly nfree: number
  readonly infosize: number
  readonly nextoff: number
  readonly dataoff: number
  readonly mapoff: number
  readonly logoff: number
  readonly info2off: number
  readonly checksum: bigint
}

/** Whether the bytes begin with the signature of an info block. */
export function hasInfoSignature(bytes: Uint8Array): boolean {
  return bytes.length >= INFO_BLOCK_BYTES && SIGNATURE.every((byte, i) => bytes[AT.signature + i] === byte)
}

/** The bytes from here to the checksum are reserved. */
const RESERVED_AT = 120
const NOTHING_RESERVED = new Uint8Array(AT.checksum - RESERVED_AT)

/** Byte of a field in an info block. */
export function infoFieldOffset(field: keyof typeof AT): number {
  return AT[field]
}

/** Byte of the first reserved one that is not zero, if there is one. */
export function firstReservedByte(bytes: Uint8Array): number | undefined {
  const reserved = bytes.subarray(RESERVED_AT, AT.checksum)
  if (Buffer.compare(reserved, NOTHING_RESERVED) === 0) return undefined
  return RESERVED_AT + reserved.findIndex((byte) => byte !== 0)
}

/** The checksum that the 4096 bytes should carry. */
export function infoChecksum(bytes: Uint8Array): bigint {
  return fletcher64(bytes, AT.checksum)
}

/** Reads the fields of 4096 bytes, whatever they hold. */
export function decodeInfoBlock(bytes: Uint8Array): InfoBlock {
  const view = new DataView(bytes.buffer, bytes.byteOffset, INFO_BLOCK_BYTES)
  const u32 = (offset: number): number => view.getUint32(offset, true)
  const u64 = (offset: number): number => Number(view.getBigUint64(offset, true))
  return {
    uuid: decodeUuid(bytes, AT.uuid),
    parentUuid: decodeUuid(bytes, AT.parentUuid),
    flags: u32(AT.flags),
    major: view.getUint16(AT.major, true),
    minor: view.getUint16(AT.minor, true),
    externalLbasize: u32(AT.externalLbasize),
    externalNlba: u32(AT.externalNlba),
    internalLbasize: u32(AT.internalLbasize),
    internalNlba: u32(AT.internalNlba),
    nfree: u32(AT.nfree),
    infosize: u32(AT.infosize),
    nextoff: u64(AT.nextoff),
    dataoff: u64(AT.dataoff),
    mapoff: u64(AT.mapoff),
    logoff: u64(AT.logoff),
    info2off: u64(AT.info2off),
    checksum: view.getBigUint64(AT.checksum, true),
  }
}

/** Makes the 4096 bytes of an info block, with its checksum (the one in `info`, if any, is not used). */
export function encodeInfoBlock(info: Omit<InfoBlock, 'checksum'>): Uint8Array {
  const bytes = new Uint8Array(INFO_BLOCK_BYTES)
  const view = new DataView(bytes.buffer)
  const u64 = (offset: number, value: number): void => view.setBigUint64(offset, BigInt(value), true)
  bytes.set(SIGNATURE, AT.signature)
  encodeUuid(info.uuid, bytes, AT.uuid)
  encodeUuid(info.parentUuid, bytes, AT.parentUuid)
  view.setUint32(AT.flags, info.flags, true)
  view.setUint16(AT.major, info.major, true)
  view.setUint16(AT.minor, info.minor, true)
  view.setUint32(AT.externalLbasize, info.externalLbasize, true)
  view.setUint32(AT.externalNlba, info.externalNlba, true)
  view.setUint32(AT.internalLbasize, info.internalLbasize, true)
  view.setUint32(AT.internalNlba, info.internalNlba, true)
  view.setUint32(AT.nfree, info.nfree, true)
  view.setUint32(AT.infosize, info.infosize, true)
  u64(AT.nextoff, info.nextoff)
  u64(AT.dataoff, info.dataoff)
  u64(AT.mapoff, info.mapoff)
  u64(AT.logoff, info.logoff)
  u64(AT.info2off, info.info2off)
  view.setBigUint64(AT.checksum, infoChecksum(bytes), true)
  return bytes
}
