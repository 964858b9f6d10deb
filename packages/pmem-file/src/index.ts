export { FileProvider, type FileProviderOptions } from './file-provider.ts'
export { providerPlugin } from './file-plugin.ts'
export { systemCalls, type ProgramResult, type SystemCalls } from './system-calls.ts'
export type { NativeCalls } from './native.ts'
