/** The largest seed; the smallest is 0. */
const LARGEST_SEED = 2 ** 32 - 1

/** @throws {TypeError} for a seed that is no whole number from 0 to `LARGEST_SEED`. */
export function checkSeed(seed: number): void {
  if (Number.isInteger(seed) && seed >= 0 && seed <= LARGEST_SEED) return
  throw new TypeError(`a seed is a whole number from 0 to ${LARGEST_SEED}, not ${seed}`)
}

/** Whole numbers from 0 to below `limit`, the same ones for the same seed: a counter in Weyl's sequence, mixed by the finalizer of MurmurHash3. */
export function seededNumbers(seed: number): (limit: number) => number {
  let counter = seed >>> 0
  return (limit) => {
    counter = (counter + 0x9e3779b9) >>> 0
    let mixed = counter
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
    mixed ^= mixed >>> 16
    return Math.floor(((mixed >>> 0) / 2 ** 32) * limit)
  }
}
