import type { DependencyContainer } from 'tsyringe'
import {
  CHECKER,
  ENGINE,
  PROVIDER_PLUGIN,
  ProviderUrlError,
  type AttachOptions,
  type BttDevice,
  type Checker,
  type CreateOptions,
  type Engine,
  type PmemProvider,
  type ProviderOpenOptions,
  type ProviderPlugin,
} from '@bttkit/interfaces'
import { runAsync } from '@bttkit/sleepable'
import { createContainer, registerProviderPlugin } from './container.ts'
import { parseImageUrl } from './image-url.ts'

export interface StackOptions {
  /** Further ways to open storage. */
  readonly plugins?: readonly ProviderPlugin[]
  /** Called once with the container, to replace or add parts. */
  readonly configure?: (container: DependencyContainer) => void
}

export interface OpenImageOptions extends AttachOptions {
  /** Whether the device will be driven by blocking calls: the provider may then flush on the calling thread. */
  readonly blocking?: boolean
}

export interface CreateImageOptions extends CreateOptions {
  /** Makes the storage, of this many bytes, where it does not exist. */
  readonly sizeBytes?: number | undefined
}

/**
 * The composition root: opens and closes what an image is made of, in order.
 *
 * Opening: provider, its lock, BTT. If a step fails, what was opened is closed again, last first. Closing the device closes the provider, and
 * with it the lock goes.
 */
export class Stack {
  readonly container: DependencyContainer

  constructor(options: StackOptions = {}) {
    this.container = createContainer()
    for (const plugin of options.plugins ?? []) registerProviderPlugin(this.container, plugin)
    options.configure?.(this.container)
  }

  /** The schemes that image URLs may have, each once. */
  schemes(): string[] {
    return [...new Set(this.plugins().flatMap((plugin) => plugin.schemes))]
  }

  /**
   * Opens storage by URL or path and takes its lock: a shared one for reading, else the exclusive one. The caller closes it.
   *
   * @throws {ProviderUrlError} {ProviderOpenError} {ImageLockedError}
   */
  async openProvider(image: string, options: ProviderOpenOptions): Promise<PmemProvider> {
    const plugins = this.plugins()
    const location = parseImageUrl(image, this.schemes())
    // The last one that was registered counts, so that a plugin can take over a scheme.
    const plugin = plugins.findLast((candidate) => candidate.schemes.includes(location.scheme))
    if (plugin === undefined)
      throw new ProviderUrlError({ image }, `no provider knows the scheme "${location.scheme}:"`)
    const provider = await plugin.open(location, options)
    await closingOnFailure(provider, async () => {
      await provider.lock?.(options.readOnly ? 'shared' : 'exclusive')
    })
    return provider
  }

  /** Opens storage and attaches its BTT. Closing the device closes both. Errors: those of `openProvider` and `Engine.attach`. */
  async openImage(image: string, options: OpenImageOptions = {}): Promise<BttDevice> {
    const { readOnly = false, blocking = false } = options
    const provider = await this.openProvider(image, { readOnly, blocking })
    return closingOnFailure(provider, () => runAsync(this.engine().attach(provider, options)))
  }

  /** Makes a BTT on storage, which is made too where it does not exist and a size is given. Errors: those of `openProvider` and `Engine.create`. */
  async createImage(image: string, options: CreateImageOptions = {}): Promise<void> {
    const { sizeBytes, ...create } = options
    const provider = await this.openProvider(image, {
      readOnly: false,
      ...(sizeBytes === undefined ? {} : { createSizeBytes: sizeBytes }),
    })
    await closingOnFailure(provider, () => runAsync(this.engine().create(provider, create)))
    await provider.close()
  }

  engine(): Engine {
    return this.container.resolve<Engine>(ENGINE)
  }

  /** The checkers that were registered; bttkit comes with none of its own here. */
  checkers(): Checker[] {
    // tsyringe throws for a token that nobody registered.
    return this.container.isRegistered(CHECKER) ? this.container.resolveAll<Checker>(CHECKER) : []
  }

  private plugins(): ProviderPlugin[] {
    return this.container.resolveAll<ProviderPlugin>(PROVIDER_PLUGIN)
  }
}

async function closingOnFailure<T>(provider: PmemProvider, body: () => Promise<T>): Promise<T> {
  try {
    return await body()
  } catch (error) {
    try {
      await provider.close()
    } catch {
      // What failed first is the reason that people need; the storage was given up as far as it would let us.
    }
    throw error
  }
}

/** Makes a stack; see `Stack`. */
export function createStack(options: StackOptions = {}): Stack {
  return new Stack(options)
}
