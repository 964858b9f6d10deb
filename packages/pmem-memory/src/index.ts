export { providerPlugin } from './memory-plugin.ts'
export { MemoryProvider, type MemorySource } from './memory-provider.ts'
