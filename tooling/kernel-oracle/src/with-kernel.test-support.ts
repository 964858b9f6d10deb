/** Before the tests with a kernel: fetches it, or says why they are skipped. */
import type { TestProject } from 'vitest/node'
import { DEFAULT_KERNEL } from './start-guest.ts'
import { whyUnavailable } from './why-unavailable.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The package of the kernel that tests boot: `BTTKIT_KERNEL_PACKAGE`, or the current one. */
    kernelPackage: string
    /** Why there can be no guest, or an empty text. */
    whyNoKernel: string
  }
}

export default async function setUp(project: TestProject): Promise<void> {
  const kernelPackage = process.env['BTTKIT_KERNEL_PACKAGE'] ?? DEFAULT_KERNEL
  const whyNoKernel = (await whyUnavailable(kernelPackage)) ?? ''
  if (whyNoKernel !== '') {
    if (process.env['BTTKIT_KERNEL_REQUIRED'] === '1')
      throw new Error(`no kernel can be booted: ${whyNoKernel}`)
    process.stderr.write(`tests with a kernel are skipped: ${whyNoKernel}\n`)
  }
  project.provide('kernelPackage', kernelPackage)
  project.provide('whyNoKernel', whyNoKernel)
}
