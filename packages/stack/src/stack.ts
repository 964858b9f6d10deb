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
  type DeviceShare,
  type Engine,
  type PmemProvider,
  type ProviderOpenOptions,
  type ProviderPlugin,
  type ProviderShare,
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

/** What another thread needs to join an image: a message for it. See `Stack.shareImage`. */
export interface ImageShare {
  readonly provider: ProviderShare
  readonly device: DeviceShare
}

/**
 * The composition root: opens and closes what an image is made of, in order.
 *
 * Opening: provider, its lock, BTT. If a step fails, what was opened is closed again, last first. Closing the device closes the provider, and
 * with it the lock goes.
 */
export class Stack {
  readonly container: DependencyContainer
  /** Of the devices that were attached here. */
  private readonly providers = new WeakMap<BttDevice, PmemProvider>()

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
  async openProvider(image: string, options: Omit<ProviderOpenOptions, 'openInner'>): Promise<PmemProvider> {
    const provider = await this.openUnlocked(image, options)
    await closingOnFailure(provider, async () => {
      await provider.lock?.(options.readOnly ? 'shared' : 'exclusive')
    })
    return provider
  }

  /**
   * Opens storage and attaches its BTT. Closing the device closes both. With `threads` other threads of this process may join: see `shareImage`. Errors:
   * those of `openProvider` and `Engine.attach`.
   */
  async openImage(image: string, options: OpenImageOptions = {}): Promise<BttDevice> {
    const { readOnly = false, blocking = false, threads = false } = options
    const provider = await this.openProvider(image, { readOnly, blocking, threads })
    return closingOnFailure(provider, () => this.attachImage(provider, options))
  }

  /**
   * Attaches the BTT of storage that `openProvider` opened, for what was made on it first: memory, say. Closing the device closes the storage; where
   * this fails the caller closes it. Errors: those of `Engine.attach`.
   */
  async attachImage(provider: PmemProvider, options: AttachOptions = {}): Promise<BttDevice> {
    const device = await runAsync(this.engine().attach(provider, options))
    this.providers.set(device, provider)
    return device
  }

  /**
   * For `joinImage` on other threads, each with a stack of its own: a message that they are sent. The image stays locked by this thread's opening.
   *
   * @throws {TypeError} for a device that this stack did not attach, that is not for threads, or whose storage threads cannot share.
   * @throws {ClosedError} for a device that was closed.
   */
  shareImage(device: BttDevice): ImageShare {
    const provider = this.providers.get(device)
    if (provider === undefined) {
      throw new TypeError(`${device.info.image}: only the stack that attached an image can share it`)
    }
    const share = device.share()
    if (provider.share === undefined) {
      throw new TypeError(`${provider.name}: this storage has no way to be opened by several threads`)
    }
    return { provider: provider.share(), device: share }
  }

  /**
   * Takes part in an image that another thread of this process opened and shared. Closing the device ends this thread's part.
   *
   * @throws {ProviderUrlError} where this stack lacks the plugin. @throws {TypeError} where the plugin cannot join. Errors besides: the plugin's, such as
   * `ProviderOpenError`, and those of `Engine.join`.
   */
  async joinImage(share: ImageShare): Promise<BttDevice> {
    const provider = await this.joinProvider(share.provider)
    return closingOnFailure(provider, () => runAsync(this.engine().join(provider, share.device)))
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

  /** Opens storage and what lies under it, all of it without a lock. That is taken once, of the topmost, and layers pass it on. */
  private async openUnlocked(image: string, options: ProviderOpenOptions): Promise<PmemProvider> {
    const location = parseImageUrl(image, this.schemes())
    const openInner = (inner: string): Promise<PmemProvider> => this.openUnlocked(inner, options)
    return this.pluginFor(location.scheme, image).open(location, { ...options, openInner })
  }

  private async joinProvider(share: ProviderShare): Promise<PmemProvider> {
    const plugin = this.pluginFor(share.scheme)
    if (plugin.join === undefined) {
      throw new TypeError(`the provider '${plugin.name}' cannot open what another thread shares`)
    }
    return plugin.join(share, { joinInner: (inner) => this.joinProvider(inner) })
  }

  /** The last one that was registered counts, so that a plugin can take over a scheme. */
  private pluginFor(scheme: string, image?: string): ProviderPlugin {
    const plugin = this.plugins().findLast((candidate) => candidate.schemes.includes(scheme))
    if (plugin !== undefined) return plugin
    throw new ProviderUrlError({ image }, `no provider knows the scheme "${scheme}:"`)
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
