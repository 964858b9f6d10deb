export { createContainer, registerProviderPlugin } from './container.ts'
export { parseImageUrl } from './image-url.ts'
export {
  createStack,
  Stack,
  type CreateImageOptions,
  type ImageShare,
  type OpenImageOptions,
  type StackOptions,
} from './stack.ts'
