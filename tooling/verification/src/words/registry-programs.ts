/** Threads that join and leave, and find one dead. Each says who it is by its part of the program, and thread 1 has gone when it ends. */
import { ThreadRegistry, type KernelThread } from '@bttkit/region-lanes'
import type { ThreadBody, WordProgram, WordPrograms } from '@bttkit/checker-lanes'
import { differs } from './thread-steps.ts'

const HAS_GONE = ThreadRegistry.WORDS
const CLAIMS = HAS_GONE + 1

type Use = (registry: ThreadRegistry, words: { go: () => void; claimed: () => void }) => void

const comeAndGo: Use = (registry) => registry.leave(registry.join())

const die: Use = (registry, { go }) => {
  registry.join()
  go()
}

const claim: Use = (registry, { claimed }) => {
  const self = registry.join()
  const dead = registry.claimDead(self)
  if (dead !== undefined) {
    claimed()
    registry.bury(dead)
  }
  registry.leave(self)
}

function registryProgram(uses: readonly Use[], check: WordProgram['check']): WordProgram {
  const body =
    (use: Use, index: number): ThreadBody =>
    (words, atomics) => {
      const own = words.subarray(0, ThreadRegistry.WORDS)
      const currentThread = (): KernelThread => ({ id: index + 1, start: 1 })
      const hasGone = ({ id }: KernelThread): boolean => id === 1 && atomics.load(words, HAS_GONE) === 1
      const registry = new ThreadRegistry(own, { currentThread, hasGone }, atomics)
      use(registry, {
        go: () => atomics.store(words, HAS_GONE, 1),
        claimed: () => void atomics.add(words, CLAIMS, 1),
      })
    }
  return { wordCount: CLAIMS + 1, threads: uses.map(body), check }
}

/** Those who are there in the end. */
const numbers = (words: Int32Array): number[] => new ThreadRegistry(words).numbers()

export const REGISTRY_PROGRAMS: WordPrograms = {
  'two threads join and leave': registryProgram([comeAndGo, comeAndGo], (words) =>
    differs('the number of threads', numbers(words).length, 0),
  ),
  'two threads look for a dead one': registryProgram([die, claim, claim], (words) =>
    differs('the number of threads and claims', numbers(words).length + (words[CLAIMS] ?? 0), 1),
  ),
}
