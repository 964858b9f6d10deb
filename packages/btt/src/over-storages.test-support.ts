/** Runs a file's tests over every storage of `storages`. */
import { ProviderOpenError } from '@bttkit/interfaces'
import { beforeEach, describe } from 'vitest'
import { Disk } from './disk.test-support.ts'
import { storages, type TestStorage } from './storages.test-support.ts'

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

/** Each storage of which `chosen` is true; by default all. Those that this system does not have are skipped, with the reason. */
export function describeOverStorages(
  suite: (storage: TestStorage) => void,
  chosen: (storage: TestStorage) => boolean = () => true,
): void {
  describe.each(storages.filter(chosen))('over $name', (storage) => {
    const reason = whyUnavailable(storage)
    if (reason !== undefined) beforeEach(({ skip }) => skip(reason))
    suite(storage)
  })
}

/** How often a random test repeats itself. */
export function repetitions(storage: TestStorage, overMemory: number): number {
  return Math.max(2, Math.floor(overMemory * storage.effort))
}
