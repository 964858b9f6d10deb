import type { TraceRecord } from './trace-layer.ts'

/** How a file of records reads. Each has a state, and is for one file. */
export interface TraceFormat {
  /** What the file begins with. */
  readonly begin: string
  /** What a record adds to it. */
  add(record: TraceRecord): string
}

/** JSON lines: each record as it is. */
export class JsonLines implements TraceFormat {
  readonly begin = ''

  add(record: TraceRecord): string {
    return `${JSON.stringify(record)}\n`
  }
}
