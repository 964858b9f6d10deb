/** What the threads of word programs are made of. */
import type { ThreadPlace, WordAtomics } from '@bttkit/interfaces'

/** How long a round is does not matter: no time passes for a thread on a token, and rounds end where a program says so. */
export const ROUND_MS = 1000

/** A thread that finds nobody dead. Threads have numbers from 1. */
export const place = (number: number): ThreadPlace => ({ number, *recoverDead() {} })

/** Counts in a word as if it were a plain one: if two do so at a time, a count is lost. */
export function count(words: Int32Array, atomics: WordAtomics, at: number): void {
  atomics.store(words, at, atomics.load(words, at) + 1)
}

/** Returns when two threads are here. */
export function meetAt(words: Int32Array, atomics: WordAtomics, at: number): void {
  const isFirst = atomics.add(words, at, 1) === 0
  if (isFirst) atomics.wait(words, at, 1, Infinity)
  else atomics.notify(words, at)
}

/** The sentence for a word that is not what it should be. */
export function differs(what: string, is: number | undefined, shouldBe: number): string | undefined {
  return is === shouldBe ? undefined : `${what} is ${is} in the end, and not ${shouldBe}`
}

/** What to say of words of which all must be 0. */
export function firstInUse(what: string, words: Int32Array): string | undefined {
  const index = words.findIndex((word) => word !== 0)
  return index < 0 ? undefined : `${what} ${index} is in use in the end`
}
