export { sleepingFlushPlugin } from './sleeping-flush-plugin.ts'
export { SleepingFlushProvider, type SleepingFlushOptions } from './sleeping-flush-provider.ts'
