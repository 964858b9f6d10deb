import { writeFile } from 'node:fs/promises'
import { SeededRandom } from '@bttkit/checker-lanes'

/** Longer than the rounds of slow storage, and small beside the caches of a processor. */
const SEQUENCE_LENGTH = 2 ** 16
const RANDOM_END = 2 ** 32

/** Random numbers that a seed determines, in memory that threads can share. */
export function makeSequence(seed: number): Uint32Array {
  const random = new SeededRandom(seed)
  const sequence = new Uint32Array(new SharedArrayBuffer(SEQUENCE_LENGTH * Uint32Array.BYTES_PER_ELEMENT))
  for (let i = 0; i < sequence.length; i++) sequence[i] = random.below(RANDOM_END)
  return sequence
}

/** Stores a sequence for native/workload.c, in words as this machine has them. */
export async function writeSequence(path: string, sequence: Uint32Array): Promise<void> {
  await writeFile(path, sequence)
}
