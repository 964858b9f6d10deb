/** The cache of the map in an exploration: small, so that lines make room for each other, and each access to its words told to the recorder. */
import type { WaitKind, WordAtomics } from '@bttkit/interfaces'
import { NATIVE_ATOMICS } from '@bttkit/region-lanes'
import type { StepRecorder } from './explore-scenario.ts'

/** Plain data. */
export interface ExploredCache {
  /** The most memory for it. */
  readonly bytes: number
  /** LBAs that are read before the tasks begin, so that their lines are in it. */
  readonly warm: readonly number[]
  /**
   * Whether a map lock that is free is taken without a scheduling point. Only then do readers bring lines in, where they do not wait for locks; and nobody comes between a writer's last step
   * and its lock.
   */
  readonly triesLocks: boolean
}

/** Those of the machine. Threads and tasks share nothing through them that is not told. */
export function tellingAtomics(recorder: StepRecorder): WordAtomics {
  const tell = ({ byteOffset }: Int32Array, index: number, kind: WaitKind): void => {
    const start = byteOffset / Int32Array.BYTES_PER_ELEMENT + index
    recorder.touch({ object: 'shared words', kind, start, end: start + 1 })
  }
  const atomics: WordAtomics = Object.create(NATIVE_ATOMICS)
  return Object.assign(atomics, {
    load(words: Int32Array, index: number) {
      tell(words, index, 'read')
      return NATIVE_ATOMICS.load(words, index)
    },
    store(words: Int32Array, index: number, value: number) {
      tell(words, index, 'write')
      NATIVE_ATOMICS.store(words, index, value)
    },
    add(words: Int32Array, index: number, value: number) {
      tell(words, index, 'write')
      return NATIVE_ATOMICS.add(words, index, value)
    },
    or(words: Int32Array, index: number, value: number) {
      tell(words, index, 'write')
      return NATIVE_ATOMICS.or(words, index, value)
    },
  })
}
