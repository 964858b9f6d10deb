export { bootKernel } from './boot-kernel.ts'
