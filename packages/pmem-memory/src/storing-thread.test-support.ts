/** A thread that joins a memory and stores one piece of it again and again, until it is told to stop. */
import { parentPort, workerData } from 'node:worker_threads'
import type { ProviderShare } from '@bttkit/interfaces'
import { MemoryProvider } from './index.ts'

export interface StoringJob {
  readonly share: ProviderShare
  readonly offset: number
  /** Bytes of the piece, a whole number of words. */
  readonly length: number
  /**
   * What a piece consists of. `ones and zeros`: only set bits, then only cleared ones, so that a torn word shows. `counts`: the number of the
   * round in every word, so that the order of the words shows.
   */
  readonly what: 'ones and zeros' | 'counts'
  /** Not 0 to stop. */
  readonly stop: Int32Array
}

const { share, offset, length, what, stop } = workerData as StoringJob
const provider = MemoryProvider.join(share)
const piece = new Uint8Array(length)
const words = new Uint32Array(piece.buffer)
parentPort?.postMessage('storing')
for (let round = 0; Atomics.load(stop, 0) === 0; round++) {
  words.fill(what === 'counts' ? round : round % 2 === 0 ? 0xff_ff_ff_ff : 0)
  provider.write(offset, piece)
}
