import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

// Tests run on sources: every workspace package exports its src under this condition, so nothing is built.
const conditions = ['@bttkit/source']

// Most of what a started worker or program costs is stripping the types of its sources and compiling them; Node keeps the outcome here, by content.
const compileCache = fileURLToPath(new URL('node_modules/.cache/node-compile', import.meta.url))

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ['{packages,apps,tooling}/*/src/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    pool: 'forks',
    maxWorkers: 2,
    env: { NODE_COMPILE_CACHE: compileCache },
  },
})
