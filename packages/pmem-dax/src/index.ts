export { DaxProvider, type DaxProviderOptions } from './dax-provider.ts'
export { daxPlugin } from './dax-plugin.ts'
export type { Persistence } from './persistence.ts'
