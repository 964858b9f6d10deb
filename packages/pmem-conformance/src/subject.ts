import type { PmemProvider } from '@bttkit/interfaces'
import type { ConformanceStorage, ReopenOptions } from './storage.ts'

/** What one case works on: the storage, and every provider that was opened on it. */
export class Subject {
  readonly provider: PmemProvider
  /** What the factory was asked for, in bytes. The storage may be larger. */
  readonly askedBytes: number
  private readonly storage: ConformanceStorage
  private opened: PmemProvider[]

  constructor(storage: ConformanceStorage, askedBytes: number) {
    this.provider = storage.provider
    this.askedBytes = askedBytes
    this.storage = storage
    this.opened = [storage.provider]
  }

  get canReopen(): boolean {
    return this.storage.reopen !== undefined
  }

  get canCrash(): boolean {
    return this.storage.crash !== undefined
  }

  get canSpoil(): boolean {
    return this.storage.spoil !== undefined
  }

  /** @param offset and length: whole units of 512 bytes */
  async spoil(offset: number, length: number): Promise<void> {
    if (this.storage.spoil === undefined) throw new TypeError('this storage has no medium that goes bad')
    await this.storage.spoil(offset, length)
  }

  async reopen(options: ReopenOptions = { readOnly: false }): Promise<PmemProvider> {
    if (this.storage.reopen === undefined) throw new TypeError('this storage cannot be opened again')
    return this.keep(await this.storage.reopen(options))
  }

  /** What a later opening sees after an orderly close. */
  async closeAndReopen(): Promise<PmemProvider> {
    await this.provider.close()
    return this.reopen()
  }

  async crash(): Promise<PmemProvider> {
    if (this.storage.crash === undefined) throw new TypeError('this storage has no power to be cut')
    this.opened = []
    return this.keep(await this.storage.crash())
  }

  async cleanUp(): Promise<void> {
    for (const provider of this.opened) {
      try {
        await provider.close()
      } catch {
        // How closing fails is the matter of a case of its own; here it would hide what this one has found.
      }
    }
    await this.storage.cleanUp?.()
  }

  private keep(provider: PmemProvider): PmemProvider {
    this.opened.push(provider)
    return provider
  }
}
