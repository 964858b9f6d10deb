import assert from 'node:assert/strict'
import type { PmemProvider } from '@bttkit/interfaces'

/** Numbers that look random and are the same in every run, below 2^32: a linear congruential generator. */
export class SeededNumbers {
  private state: number

  constructor(seed: number) {
    this.state = seed >>> 0
  }

  /** A whole number from 0 to `limit`, without it. */
  below(limit: number): number {
    this.state = (Math.imul(this.state, 1_664_525) + 1_013_904_223) >>> 0
    // The high bits: the low ones of such a generator hardly change.
    return Math.floor((this.state / 2 ** 32) * limit)
  }
}

/** Bytes that are different for each seed and, up to a few, at each place; none is 0. */
export function patternOf(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => 1 + ((seed * 101 + index * 7 + (index >> 8)) % 251))
}

export function assertBytes(actual: Uint8Array, expected: Uint8Array, what: string): void {
  assert.equal(actual.length, expected.length, `${what}: the number of bytes`)
  const at = actual.findIndex((byte, index) => byte !== expected[index])
  if (at !== -1) assert.fail(`${what}: byte ${at} is ${actual[at]} and should be ${expected[at]}`)
}

/** Reads a range into a buffer of its own. Not filled with zeros before, so that bytes that were not read show. */
export async function readBytes(provider: PmemProvider, offset: number, length: number): Promise<Uint8Array> {
  const target = new Uint8Array(length).fill(0xee)
  await provider.read(offset, target)
  return target
}

export async function assertStored(
  provider: PmemProvider,
  offset: number,
  expected: Uint8Array,
  what: string,
): Promise<void> {
  assertBytes(await readBytes(provider, offset, expected.length), expected, what)
}

/** Stores a pattern over the first `length` bytes, and answers with it: a model of them. */
export async function fillStart(provider: PmemProvider, length: number): Promise<Uint8Array> {
  const model = patternOf(length, 3)
  await provider.write(0, model.slice())
  return model
}
