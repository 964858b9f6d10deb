/** Runs a file's tests over every storage of `storages`, or over those that it says. */
import { ProviderOpenError } from '@bttkit/interfaces'
import { beforeEach, describe } from 'vitest'
import { Disk } from './disk.test-support.ts'
import { everyFlush, storages, type TestStorage } from './storages.test-support.ts'

/** Why a storage cannot be had on this system; undefined where it can. */
export function whyUnavailable(storage: TestStorage): string | undefined {
  using disk = new Disk(storage, new Uint8Array(4096))
  try {
    disk.open()
    return undefined
  } catch (error) {
    const isMissing = error instanceof ProviderOpenError && ['ENOSYS', 'EOPNOTSUPP'].includes(error.errno)
    if (isMissing) return error.message
    throw error
  }
}

/** Those that this system does not have are skipped, with the reason. */
export function describeOverStorages(
  suite: (storage: TestStorage) => void,
  over: readonly TestStorage[] = storages,
): void {
  describe.each(over)('over $name', (storage) => {
    const reason = whyUnavailable(storage)
    if (reason !== undefined) beforeEach(({ skip }) => skip(reason))
    suite(storage)
  })
}

/**
 * For cases that differ in the bytes of an image alone: all of them over memory. Over any other storage one of each kind, and over the next storage the next one, so that each
 * kind meets every storage.
 */
export function sampleOver<T>(
  storage: TestStorage,
  cases: readonly T[],
  kindOf: (each: T) => unknown = () => undefined,
): T[] {
  const turn = everyFlush.indexOf(storage)
  if (turn === 0) return [...cases]
  return [...new Set(cases.map(kindOf))].flatMap((kind) => {
    const ofKind = cases.filter((each) => kindOf(each) === kind)
    return ofKind.slice(turn % ofKind.length).slice(0, 1)
  })
}

/** How often a random test repeats itself. */
export function repetitions(storage: TestStorage, overMemory: number): number {
  return Math.max(2, Math.floor(overMemory * storage.effort))
}
