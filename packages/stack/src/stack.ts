import type { DependencyContainer } from 'tsyringe'
import {
  CHECKER,
  ENGINE,
  PROVIDER_PLUGIN,
  type AttachOptions,
  type BttDevice,
  type Checker,
  type CreateOptions,
  type DeviceShare,
  type Engine,
  type PmemProvider,
  type ProviderHost,
  type ProviderOpenOptions,
  type ProviderPlugin,
  type ProviderShare,
} from '@bttkit/interfaces'
import { runAsync } from '@bttkit/sleepable'
import { checkCheckerContract } from './check-checker.ts'
import { createContainer, registerProviderPlugin } from './container.ts'
import { checkDurability, withDurability, type DurabilityOptions } from './durability.ts'
import { checkPluginContract } from './check-plugin.ts'
import { tryLayout } from './dry-run.ts'
import type { Image } from './image-configuration.ts'
import { imageLevels, imageTree, type ImageLevel, type ImageTree } from './image-levels.ts'
import { unknownScheme, type PluginsByScheme } from './image-url.ts'
import { openByPlugin } from './open-by-plugin.ts'

export interface StackOptions {
  /** Further ways to open storage. */
  readonly plugins?: readonly ProviderPlugin[]
  /** Further rules for checks. */
  readonly checkers?: readonly Checker[]
  /** Called once with the container, to replace or add parts. */
  readonly configure?: (container: DependencyContainer) => void
}

export type OpenImageOptions = AttachOptions & DurabilityOptions

export interface CreateImageOptions extends CreateOptions {
  /** Makes the storage, of this many bytes, where it does not exist. */
  readonly sizeBytes?: number | undefined
}

/** One level of an image: a layer, or what holds the bytes. */
export interface ImagePart {
  readonly scheme: string
  /** The name of the plugin that opens it; undefined where there is none. */
  readonly plugin: string | undefined
  /** Of what holds the bytes; empty for a layer. */
  readonly path: string
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
    for (const checker of options.checkers ?? []) this.container.register(CHECKER, { useValue: checker })
    options.configure?.(this.container)
  }

  /** The schemes that image URLs may have, each once. */
  schemes(): string[] {
    return [...this.plugins().keys()]
  }

  /**
   * What an image is made of, as its name says, the topmost layer first and what holds the bytes last. Opens nothing, and does not look at parameters.
   *
   * @throws {ProviderUrlError} {PluginContractError}
   */
  parts(image: Image): ImagePart[] {
    const plugins = this.plugins()
    const parts: ImagePart[] = []
    let level: ImageTree | undefined = imageTree(image, plugins)
    for (; level !== undefined; level = level.inner) {
      const { scheme, path = '' } = level
      parts.push({ scheme, path, plugin: plugins.get(scheme)?.name })
    }
    return parts
  }

  /**
   * Opens storage and takes its lock: a shared one where it cannot be written, else the exclusive one. The caller closes it.
   *
   * @throws {ProviderUrlError} {ProviderOpenError} {ImageLockedError} {PluginContractError}
   */
  async openProvider(image: Image, options: ProviderOpenOptions): Promise<PmemProvider> {
    const provider = await this.openLevel(imageLevels(image, this.plugins()), options)
    await closingOnFailure(provider, async () => {
      await provider.lock?.(provider.readOnly ? 'shared' : 'exclusive')
    })
    return provider
  }

  /**
   * Opens storage and attaches its BTT. Closing the device closes both. With `threads` other threads of this process may join: see `shareImage`; not so in the durability mode
   * `flush`. Errors: those of `openProvider` and `Engine.attach`.
   *
   * @throws {TypeError} for `threads` together with `flush`
   */
  async openImage(image: Image, options: OpenImageOptions = {}): Promise<BttDevice> {
    checkDurability(options)
    const { readOnly = false, blocking = false, threads = false } = options
    const provider = await this.openProvider(image, { readOnly, blocking, threads })
    return closingOnFailure(provider, () => this.attachImage(provider, options))
  }

  /**
   * Attaches the BTT of storage that `openProvider` opened, for what was made on it first: memory, say. Closing the device closes the storage; where
   * this fails the caller closes it. Errors: those of `Engine.attach`.
   *
   * @throws {TypeError} for `threads` together with the durability mode `flush`
   */
  async attachImage(provider: PmemProvider, options: OpenImageOptions = {}): Promise<BttDevice> {
    checkDurability(options)
    const attached = await runAsync(this.engine().attach(provider, options))
    const device = withDurability(attached, options)
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

  /**
   * Makes a BTT on storage, which is made too where it does not exist and a size is given, and of which a BTT of that size can be laid out. A failure of
   * the storage leaves what was made. Errors: those of `openProvider` and `Engine.create`.
   */
  async createImage(image: Image, options: CreateImageOptions = {}): Promise<void> {
    const { sizeBytes, ...create } = options
    if (sizeBytes !== undefined) {
      const { url } = imageLevels(image, this.plugins()).location
      await tryLayout(this.engine(), url, sizeBytes, create)
    }
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

  /** The checkers that were registered; bttkit comes with none of its own here. @throws {PluginContractError} for one that is none */
  checkers(): Checker[] {
    // tsyringe throws for a token that nobody registered.
    const checkers = this.container.isRegistered(CHECKER) ? this.container.resolveAll<Checker>(CHECKER) : []
    for (const checker of checkers) checkCheckerContract(checker)
    return checkers
  }

  /** Opens a level and what lies under it, all of it without a lock. That is taken once, of the topmost, and layers pass it on. */
  private async openLevel(level: ImageLevel, options: ProviderOpenOptions): Promise<PmemProvider> {
    const { plugin, location, inner } = level
    const host: ProviderHost = {
      openInner: async (changes) => {
        if (inner === undefined) throw new TypeError('this is no layer, and has nothing under it')
        return this.openLevel(inner, { ...options, ...changes })
      },
    }
    return openByPlugin(plugin, location.url, () => plugin.open(location, options, host))
  }

  private async joinProvider(share: ProviderShare): Promise<PmemProvider> {
    const plugins = this.plugins()
    const plugin = plugins.get(share.scheme)
    if (plugin === undefined) throw unknownScheme(share.scheme, undefined, plugins)
    if (plugin.join === undefined) {
      throw new TypeError(`the provider '${plugin.name}' cannot open what another thread shares`)
    }
    const joinInner = (inner: ProviderShare): Promise<PmemProvider> => this.joinProvider(inner)
    return openByPlugin(plugin, undefined, async () => plugin.join?.(share, { joinInner }))
  }

  /** By scheme. The last one that was registered counts, so that a plugin can take over a scheme. */
  private plugins(): PluginsByScheme {
    const plugins = new Map<string, ProviderPlugin>()
    for (const plugin of this.container.resolveAll<ProviderPlugin>(PROVIDER_PLUGIN)) {
      // Again: who registers a token in the container does not come by `registerProviderPlugin`.
      checkPluginContract(plugin)
      for (const scheme of plugin.schemes) plugins.set(scheme, plugin)
    }
    return plugins
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
