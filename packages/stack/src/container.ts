import 'reflect-metadata'
import { container as root, type DependencyContainer } from 'tsyringe'
import { PROVIDER_PLUGIN, type ProviderPlugin, type Registry } from '@bttkit/interfaces'
import { registerBttEngine } from '@bttkit/btt'
import { filePlugin } from '@bttkit/pmem-file'
import { memoryPlugin } from '@bttkit/pmem-memory'
import { sleepingFlushPlugin } from '@bttkit/pmem-sleeping-flush'
import { registerLanes } from '@bttkit/region-lanes'

/** Registers a way to open storage by URL. */
export function registerProviderPlugin(registry: Registry, plugin: ProviderPlugin): void {
  registry.register<ProviderPlugin>(PROVIDER_PLUGIN, { useFactory: () => plugin })
}

/**
 * A container with everything that bttkit comes with. It is a child of tsyringe's root and shares nothing with other stacks. Of each token the last
 * registration counts, so one `register` replaces a part; provider plugins and checkers add up.
 */
export function createContainer(): DependencyContainer {
  const container = root.createChildContainer()
  registerLanes(container)
  registerBttEngine(container)
  for (const plugin of [filePlugin, memoryPlugin, sleepingFlushPlugin]) {
    registerProviderPlugin(container, plugin)
  }
  return container
}
