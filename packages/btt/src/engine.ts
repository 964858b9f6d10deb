import type {
  AttachOptions,
  BttDevice,
  CreateOptions,
  DeviceShare,
  Engine,
  PmemProvider,
  Sleepable,
} from '@bttkit/interfaces'
import { attach } from './attach.ts'
import type { EngineParts } from './compose.ts'
import { create } from './create.ts'
import { join } from './join.ts'

/** The BTT engine, composed with the lanes, locks and read tracking that it shall use. */
export class BttEngine implements Engine {
  private readonly parts: EngineParts

  constructor(parts: EngineParts) {
    this.parts = parts
  }

  attach(provider: PmemProvider, options?: AttachOptions): Sleepable<BttDevice> {
    return attach(provider, this.parts, options)
  }

  join(provider: PmemProvider, share: DeviceShare): Sleepable<BttDevice> {
    return join(provider, this.parts, share)
  }

  create(provider: PmemProvider, options?: CreateOptions): Sleepable<void> {
    return create(provider, options)
  }
}
