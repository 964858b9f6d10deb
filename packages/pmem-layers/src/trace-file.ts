import { appendFileSync, closeSync, openSync, readSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { ProviderOpenError } from '@bttkit/interfaces'
import type { TraceFormat } from './trace-format.ts'
import type { TraceRecord } from './trace-layer.ts'

/** What a trace of either format begins with. */
const BEGINNINGS = '{['

function beginningOf(path: string): string {
  const first = Buffer.alloc(1)
  const descriptor = openSync(path, 'r')
  try {
    return first.toString('latin1', 0, readSync(descriptor, first))
  } finally {
    closeSync(descriptor)
  }
}

/** So that nobody empties an image by the name of its trace. @throws {ProviderOpenError} EEXIST */
function refuseOther(path: string): void {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats === undefined) return
  const isOther = stats.isBlockDevice() || (stats.isFile() && !BEGINNINGS.includes(beginningOf(path)))
  if (!isOther) return
  throw new ProviderOpenError({ image: path }, 'holds something that is no trace (EEXIST)', 'EEXIST')
}

/** A file of records. Each is in it before its call goes on, so that a crash of the process leaves all of them; a crash of the system may not. */
export class TraceFile {
  private readonly path: string
  private readonly format: TraceFormat
  /** An open descriptor, because opening for each record takes several times as long as writing it; the path once that is closed. */
  private target: number | string

  /** Makes the file, or empties one that holds a trace. @throws {ProviderOpenError} EEXIST for any other; else the system's error. */
  constructor(path: string, format: TraceFormat) {
    // What comes after the close goes there too, wherever the program is by then.
    this.path = resolve(path)
    this.format = format
    refuseOther(path)
    this.target = openSync(path, 'w')
    try {
      this.append(format.begin)
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** The record of the close closes the file. Calls that end after it, and a second close, are written all the same. */
  add(record: TraceRecord): void {
    try {
      this.append(this.format.add(record))
    } finally {
      if (record.method === 'close') this.close()
    }
  }

  close(): void {
    if (typeof this.target === 'string') return
    const descriptor = this.target
    this.target = this.path
    closeSync(descriptor)
  }

  private append(text: string): void {
    if (text !== '') appendFileSync(this.target, text)
  }
}
