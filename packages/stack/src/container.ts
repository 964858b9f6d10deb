import 'reflect-metadata'
import { container as root, type DependencyContainer } from 'tsyringe'
import { PROVIDER_PLUGIN, type ProviderPlugin, type Registry } from '@bttkit/interfaces'
import { registerBttEngine } from '@bttkit/btt'
import { providerPlugin as daxPlugin } from '@bttkit/pmem-dax'
import { providerPlugin as filePlugin } from '@bttkit/pmem-file'
import { layerPlugins } from '@bttkit/pmem-layers'
import { providerPlugin as memoryPlugin } from '@bttkit/pmem-memory'
import { providerPlugin as sleepingFlushPlugin } from '@bttkit/pmem-sleeping-flush'
import { registerLanes } from '@bttkit/region-lanes'
import { checkPluginContract } from './check-plugin.ts'

/** Registers a way to open storage by URL. @throws {PluginContractError} for what is no plugin, or one for another major version of the contract. */
export function registerProviderPlugin(registry: Registry, plugin: ProviderPlugin): void {
  checkPluginContract(plugin)
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
  for (const plugin of [filePlugin, memoryPlugin, daxPlugin, sleepingFlushPlugin, ...layerPlugins]) {
    registerProviderPlugin(container, plugin)
  }
  return container
}
