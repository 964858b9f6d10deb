/// <reference lib="es2024.sharedmemory" />
import type { WordAtomics, WordWaitResult } from '@bttkit/interfaces'

/** Looks before a thread sleeps: holders on other processors are mostly over sooner than a system call. */
const SPINS = 100

/** The operations of this machine. Methods of a class: the compiler knows them from the shape of the object alone, and puts them in place. */
class NativeAtomics implements WordAtomics {
  readonly spins = SPINS

  load(words: Int32Array, index: number): number {
    return Atomics.load(words, index)
  }

  find(words: Int32Array, mask: number, value: number): number {
    for (let index = 0; index < words.length; index++) {
      if (((words[index] ?? 0) & mask) === value) return index
    }
    return -1
  }

  store(words: Int32Array, index: number, value: number): void {
    Atomics.store(words, index, value)
  }

  add(words: Int32Array, index: number, value: number): number {
    return Atomics.add(words, index, value)
  }

  or(words: Int32Array, index: number, value: number): number {
    return Atomics.or(words, index, value)
  }

  exchange(words: Int32Array, index: number, value: number): number {
    return Atomics.exchange(words, index, value)
  }

  compareExchange(words: Int32Array, index: number, expected: number, value: number): number {
    return Atomics.compareExchange(words, index, expected, value)
  }

  wait(words: Int32Array, index: number, expected: number, limitMs: number): WordWaitResult {
    return Atomics.wait(words, index, expected, limitMs)
  }

  waitAsync(
    words: Int32Array,
    index: number,
    expected: number,
    limitMs: number,
  ): ReturnType<WordAtomics['waitAsync']> {
    return Atomics.waitAsync(words, index, expected, limitMs)
  }

  notify(words: Int32Array, index: number, count?: number): number {
    return Atomics.notify(words, index, count)
  }
}

export const NATIVE_ATOMICS: WordAtomics = new NativeAtomics()
