export { DaxProvider, type DaxProviderOptions } from './dax-provider.ts'
export { providerPlugin } from './dax-plugin.ts'
export type { Persistence } from './persistence.ts'
