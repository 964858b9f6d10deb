/** What may become of a wait for a word: somebody notified, the word was another one already, or the time is over. */
export type WordWaitResult = 'ok' | 'not-equal' | 'timed-out'

/**
 * What threads do to the words that they share: the operations of `Atomics`, under the same names and with the same meaning. All lane tables, locks, read tracking
 * and gates for several threads go through one of these, so that a checker can decide which thread makes the next access.
 *
 * Words that belong to whoever holds a lane are no matter of this: the lane orders them.
 */
export interface WordAtomics {
  /** How often one that waits looks at a word before it sleeps. */
  readonly spins: number
  load(words: Int32Array, index: number): number
  /**
   * The index of the first word with this value in the bits of the mask, or -1. Plain loads, word after word, which are not ordered with other accesses: for who
   * has made a fence before. One call, because a call a word would cost more than the rest of a write to memory.
   */
  find(words: Int32Array, mask: number, value: number): number
  store(words: Int32Array, index: number, value: number): void
  /** These return the word as it was before. */
  add(words: Int32Array, index: number, value: number): number
  or(words: Int32Array, index: number, value: number): number
  exchange(words: Int32Array, index: number, value: number): number
  compareExchange(words: Int32Array, index: number, expected: number, value: number): number
  /** Sleeps while the word is `expected`, until a notification comes or `limitMs` are over. */
  wait(words: Int32Array, index: number, expected: number, limitMs: number): WordWaitResult
  /** As `wait`, for an event loop. `async` is false where it was over at once. */
  waitAsync(
    words: Int32Array,
    index: number,
    expected: number,
    limitMs: number,
  ): { readonly async: boolean; readonly value: WordWaitResult | Promise<WordWaitResult> }
  /** Wakes those who have slept on the word for longest, `count` of them or all; returns how many. */
  notify(words: Int32Array, index: number, count?: number): number
}
