import type { PmemProvider } from '@bttkit/interfaces'

export interface ReopenOptions {
  readonly readOnly: boolean
}

/** Storage that one test has for itself, and what can be done to it from outside. */
export interface ConformanceStorage {
  /** Open for writing, not locked. The suite closes it. What it holds does not matter. */
  readonly provider: PmemProvider
  /**
   * Opens the same storage once more, also while it is open already, and takes no lock. The suite closes what it gets. Without it nothing is
   * said about what stays after a close, about locks, and about reading only.
   */
  reopen?(options: ReopenOptions): PmemProvider | Promise<PmemProvider>
  /**
   * What an opening finds after the power was cut at this moment: everything that was not durable may be lost. The suite does not use
   * the providers that it had before. Without it only a close is tried.
   */
  crash?(): PmemProvider | Promise<PmemProvider>
  /**
   * Makes the medium bad in a range of whole units of 512 bytes, from the next call on: `PmemProvider.badBlocks` says what that means. Of storage whose
   * medium cannot be made bad nothing is said about bad blocks, but for the form of their list.
   */
  spoil?(offset: number, length: number): void | Promise<void>
  /** Removes the storage, when its providers are closed. */
  cleanUp?(): void | Promise<void>
}

/** Makes storage of at least `sizeBytes`, for one test. */
export type StorageFactory = (sizeBytes: number) => ConformanceStorage | Promise<ConformanceStorage>
