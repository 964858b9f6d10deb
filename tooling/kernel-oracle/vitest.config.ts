import { defineConfig, mergeConfig } from 'vitest/config'
import { onSources } from '../../vitest.config.ts'

/** Tests with the Linux driver. One guest at a time: its processors are threads of QEMU, and take those of the host. */
export default mergeConfig(
  onSources,
  defineConfig({
    test: {
      root: import.meta.dirname,
      include: ['src/**/*.kernel-test.ts'],
      globalSetup: ['src/with-kernel.test-support.ts'],
      testTimeout: 480_000,
      hookTimeout: 480_000,
      fileParallelism: false,
    },
  }),
)
