/** A thread that joins a mapped file, counts in it, closes it, and says what is left to it. */
import { parentPort, workerData } from 'node:worker_threads'
import { ClosedError, type ProviderShare } from '@bttkit/interfaces'
import { DaxProvider } from './index.ts'

export interface CountingJob {
  readonly share: ProviderShare
  /** Where a word of 4 bytes lies that all threads count in. */
  readonly counterOffset: number
  readonly counts: number
  /** Where this thread alone stores, and what: this many of this byte. */
  readonly ownOffset: number
  readonly ownByte: number
  readonly ownLength: number
}

export interface CountingReport {
  /** Bytes of the mapping that the thread has kept, after it was closed. */
  readonly keptBytes: number
  /** Whether each call was refused with `ClosedError`. */
  readonly refused: readonly boolean[]
}

function isRefused(call: () => void): boolean {
  try {
    call()
    return false
  } catch (error) {
    return error instanceof ClosedError
  }
}

const job = workerData as CountingJob
const provider = DaxProvider.join(job.share)
const kept = provider.mapping
if (kept !== undefined) {
  const counter = new Int32Array(kept.buffer, job.counterOffset, 1)
  for (let count = 0; count < job.counts; count++) Atomics.add(counter, 0, 1)
}
const piece = new Uint8Array(job.ownLength).fill(job.ownByte)
provider.writeThrough(job.ownOffset, piece, 0, piece.length)
provider.close()
const report: CountingReport = {
  keptBytes: kept?.byteLength ?? 0,
  refused: [
    () => provider.read(0, piece),
    () => provider.write(0, piece),
    () => provider.writeThrough(0, piece, 0, 1),
    () => provider.flush(),
    () => provider.persist(0, 1),
  ].map(isRefused),
}
parentPort?.postMessage(report)
