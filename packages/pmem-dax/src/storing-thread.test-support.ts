/** A thread that joins a mapped file, stores one piece of it again and again until it is told to stop, and closes it. */
import { parentPort, workerData } from 'node:worker_threads'
import type { ProviderShare } from '@bttkit/interfaces'
import { DaxProvider } from './index.ts'

export interface StoringJob {
  readonly share: ProviderShare
  readonly offset: number
  /** Bytes of the piece: only set bits, then only cleared ones. */
  readonly length: number
  /** Where the piece begins in the buffer that it is stored from. */
  readonly start: number
  /** Not 0 to stop. */
  readonly stop: Int32Array
}

const STORES_A_PERSIST = 256

const { share, offset, length, start, stop } = workerData as StoringJob
const provider = DaxProvider.join(share)
const piece = new Uint8Array(start + length)
parentPort?.postMessage({ persistence: provider.persistence, name: provider.name })
for (let round = 0; Atomics.load(stop, 0) === 0; round++) {
  provider.writeFrom(offset, piece.fill(round % 2 === 0 ? 0xff : 0), start, length)
  // Seldom: it takes so much longer than a store that nobody would look while one is under way.
  if (round % STORES_A_PERSIST === 0) provider.persist(offset, length)
}
provider.close()
