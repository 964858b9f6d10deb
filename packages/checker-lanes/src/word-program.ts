/** Programs of real threads, that share nothing but words. */
import type { WordAtomics } from '@bttkit/interfaces'

/**
 * What one thread does, from its start to its end. Whatever it shares with others it reaches through `atomics`; apart from what it finds there it does the same each
 * time. It blocks where it has to wait. What it throws is a finding.
 */
export type ThreadBody = (words: Int32Array, atomics: WordAtomics) => void

export interface WordProgram {
  /** How many words the threads share. They are 0 at first, and the rest of the words cannot be reached. */
  readonly wordCount: number
  /** One a thread. */
  readonly threads: readonly ThreadBody[]
  /**
   * How often a wait of each thread runs out of time, at the most: at any moment of it, and also never. Default 0, so that no lost wake-up is healed by
   * the end of a round.
   */
  readonly timeouts?: number
  /**
   * How often a thread that waits looks before it sleeps: `WordAtomics.spins`. Default 0. Each look is accesses of its own, between which others go on, and what it sees may end the wait while the
   * word is as it was.
   */
  readonly spins?: number
  /** Called when all have ended: says what is wrong then. */
  check(words: Int32Array): string | undefined
}

/** What a module of programs exports under the name `wordPrograms`. The main thread and all others load it. */
export type WordPrograms = Readonly<Record<string, WordProgram>>

/** @throws {TypeError} for a module that exports no programs, or none of this name */
export async function loadWordPrograms(module: string): Promise<WordPrograms> {
  const { wordPrograms }: { wordPrograms?: WordPrograms } = await import(module)
  if (wordPrograms === undefined) throw new TypeError(`${module} exports no wordPrograms`)
  return wordPrograms
}
