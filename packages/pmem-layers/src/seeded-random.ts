/** The largest seed, and the number of states less one. */
export const LARGEST_SEED = 2 ** 32 - 1

/** Numbers from 0 to below 1, the same ones for the same seed: Marsaglia's xorshift of 32 bits. */
export function seededRandom(seed: number): () => number {
  // Neighbouring seeds begin far apart, and the state is never 0, which would stay 0.
  let state = Math.imul(seed + 1, 0x9e3779b1) >>> 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}
