import type {
  AttachOptions,
  BttDevice,
  CreateOptions,
  Engine,
  PmemProvider,
  Sleepable,
} from '@bttkit/interfaces'
import { attach, type EngineParts } from './attach.ts'
import { create } from './create.ts'

/** The BTT engine, composed with the lanes, locks and read tracking that it shall use. */
export class BttEngine implements Engine {
  private readonly parts: EngineParts

  constructor(parts: EngineParts) {
    this.parts = parts
  }

  attach(provider: PmemProvider, options?: AttachOptions): Sleepable<BttDevice> {
    return attach(provider, this.parts, options)
  }

  create(provider: PmemProvider, options?: CreateOptions): Sleepable<void> {
    return create(provider, options)
  }
}
