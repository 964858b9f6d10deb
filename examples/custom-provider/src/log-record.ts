import { crc32 } from 'node:zlib'

/** A record: magic, CRC-32 of all that follows, chunk, length of the payload (4 bytes each, little-endian), payload. */
export const RECORD_HEAD_BYTES = 16
const MAGIC = 0x4b4e4843
const CHECKED_FROM = 8

export interface RecordHead {
  readonly chunk: number
  readonly payloadBytes: number
}

export function encodeRecord(chunk: number, payload: Uint8Array): Buffer {
  const record = Buffer.alloc(RECORD_HEAD_BYTES + payload.byteLength)
  record.set(payload, RECORD_HEAD_BYTES)
  record.writeUInt32LE(chunk, 8)
  record.writeUInt32LE(payload.byteLength, 12)
  record.writeUInt32LE(crc32(record.subarray(CHECKED_FROM)), 4)
  record.writeUInt32LE(MAGIC, 0)
  return record
}

/** What the record says of itself; undefined where none begins. Only `isWhole` knows whether it is true. */
export function decodeHead(head: Buffer): RecordHead | undefined {
  if (head.byteLength < RECORD_HEAD_BYTES || head.readUInt32LE(0) !== MAGIC) return undefined
  return { chunk: head.readUInt32LE(8), payloadBytes: head.readUInt32LE(12) }
}

/** Whether this is all of a record, as it was written. */
export function isWhole(record: Buffer): boolean {
  const head = decodeHead(record)
  if (head === undefined || record.byteLength !== RECORD_HEAD_BYTES + head.payloadBytes) return false
  return record.readUInt32LE(4) === crc32(record.subarray(CHECKED_FROM))
}
