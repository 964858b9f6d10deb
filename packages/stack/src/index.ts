export { checkCheckerContract } from './check-checker.ts'
export { createContainer, registerProviderPlugin } from './container.ts'
export { checkPluginContract } from './check-plugin.ts'
export type { Durability, DurabilityOptions } from './durability.ts'
export type { Image, ImageConfiguration } from './image-configuration.ts'
export {
  createStack,
  Stack,
  type CreateImageOptions,
  type ImagePart,
  type ImageShare,
  type OpenImageOptions,
  type StackOptions,
} from './stack.ts'
