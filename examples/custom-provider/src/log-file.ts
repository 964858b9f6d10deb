/**
 * The file of a log as it lies on the disk: a description of the image, a mark, and one record after another.
 *
 *     0      a record that describes the image, as JSON
 *     512    the mark: a record that says how many bytes of the file were durable once
 *     4096   the records of the chunks, compressed
 */
import { closeSync, fdatasyncSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs'
import * as v from 'valibot'
import { decodeHead, encodeRecord, isWhole, RECORD_HEAD_BYTES } from './log-record.js'

const MARK_AT = 512
const RECORDS_AT = 4096

const MAX_CHUNK_BYTES = 2 ** 20

/** Anything longer is no record, and is not read into memory. */
const MAX_PAYLOAD_BYTES = 2 * MAX_CHUNK_BYTES

export const chunkBytesSchema = v.pipe(
  v.number('is no size'),
  v.check(
    (bytes) => Number.isInteger(Math.log2(bytes)) && bytes >= 2 ** 12 && bytes <= MAX_CHUNK_BYTES,
    'is no power of two from 4KiB to 1MiB',
  ),
)

const descriptionSchema = v.object({
  size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  chunkBytes: chunkBytesSchema,
})

/** What an image is: its size, and that of its chunks, both in bytes. */
export type Description = Readonly<v.InferOutput<typeof descriptionSchema>>

/** Where the record of a chunk lies. Both are bytes. */
export interface RecordPlace {
  readonly position: number
  readonly length: number
}

/** What is in a file. */
export interface LogContent {
  readonly description: Description
  /** The last record of each chunk. Chunks that have none are zeros. */
  readonly places: Map<number, RecordPlace>
  /** One past the last whole record. */
  end: number
}

export function writeAll(fd: number, bytes: Buffer, position: number): void {
  for (let done = 0; done < bytes.byteLength;) {
    done += writeSync(fd, bytes, done, bytes.byteLength - done, position + done)
  }
}

/** The bytes from there on, fewer where the file ends. */
export function readAt(fd: number, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  let done = 0
  for (let count = -1; count !== 0 && done < length; done += count) {
    count = readSync(fd, bytes, done, length - done, position + done)
  }
  return bytes.subarray(0, done)
}

/** The whole record that begins there; undefined where there is none, or a torn one. */
function readRecord(fd: number, position: number): Buffer | undefined {
  const head = decodeHead(readAt(fd, position, RECORD_HEAD_BYTES))
  if (head === undefined || head.payloadBytes > MAX_PAYLOAD_BYTES) return undefined
  const record = readAt(fd, position, RECORD_HEAD_BYTES + head.payloadBytes)
  return isWhole(record) ? record : undefined
}

/** Makes a file of these records, durable but for its name, which the caller has to see to. */
export function writeLogFile(path: string, description: Description, records: Iterable<Buffer>): number {
  const fd = openSync(path, 'w+')
  try {
    ftruncateSync(fd, RECORDS_AT)
    writeAll(fd, encodeRecord(0, Buffer.from(JSON.stringify(description))), 0)
    let end = RECORDS_AT
    for (const record of records) {
      writeAll(fd, record, end)
      end += record.byteLength
    }
    fdatasyncSync(fd)
    writeMark(fd, end)
    fdatasyncSync(fd)
    return fd
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

/** Says that so many bytes are durable, which they have to be already. That it says so is durable after a later flush. */
export function writeMark(fd: number, durableBytes: number): void {
  writeAll(fd, encodeRecord(0, Buffer.from(String(durableBytes))), MARK_AT)
}

/** So many bytes were durable, at least: a mark may be lost, or older than the last flush. */
export function readMark(fd: number): number {
  const mark = readRecord(fd, MARK_AT)?.toString('latin1', RECORD_HEAD_BYTES)
  return mark === undefined ? RECORDS_AT : Number(mark)
}

/** @throws {Error} for a file that is no log, or whose medium lost what was durable. */
export function readLogFile(fd: number): LogContent {
  const description = readDescription(fd)
  const places = new Map<number, RecordPlace>()
  let end = RECORDS_AT
  for (let record = readRecord(fd, end); record !== undefined; record = readRecord(fd, end)) {
    const { chunk = 0 } = decodeHead(record) ?? {}
    places.set(chunk, { position: end, length: record.byteLength })
    end += record.byteLength
  }
  const durableBytes = readMark(fd)
  if (end < durableBytes) {
    throw new Error(`${durableBytes} bytes of the log were durable, and the record at ${end} is torn`)
  }
  return { description, places, end }
}

/** @throws {Error} where it is not understood */
function readDescription(fd: number): Description {
  const record = readRecord(fd, 0)
  if (record === undefined) throw new Error('it is no log of chunks')
  return v.parse(descriptionSchema, JSON.parse(record.toString('utf8', RECORD_HEAD_BYTES)))
}
