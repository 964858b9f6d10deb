import { defineConfig } from 'vitest/config'

// Tests run on sources: every workspace package exports its src under this condition, so nothing is built.
const conditions = ['@bttkit/source']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ['{packages,apps,tooling}/*/src/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    pool: 'forks',
    maxWorkers: 2,
  },
})
