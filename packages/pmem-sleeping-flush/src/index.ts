export type { FlushDelay } from './flush-delay.ts'
export { providerPlugin } from './sleeping-flush-plugin.ts'
export {
  SleepingFlushProvider,
  type PowerCutOptions,
  type SleepingFlushOptions,
} from './sleeping-flush-provider.ts'
