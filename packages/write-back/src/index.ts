export { WriteBackDevice, type WriteBackOptions } from './write-back-device.ts'
export type { WriteBackTarget } from './write-back-operations.ts'
