import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { conformanceResults } from './conformance-results.ts'
import { memoryStorage } from './providers.test-support.ts'

test('the suite runs under node:test too, and skips the same', async () => {
  const file = fileURLToPath(new URL('under-node-test.test-support.ts', import.meta.url))
  const options = ['--conditions=@bttkit/source', '--test', '--test-reporter=tap', file]
  const { stdout } = await promisify(execFile)(process.execPath, options, { timeout: 60_000 })
  const results = await conformanceResults({ factory: memoryStorage })
  const skipped = results.filter(({ skipReason }) => skipReason !== undefined).length
  expect(stdout).toContain(`\n# pass ${results.length - skipped}\n`)
  expect(stdout).toContain(`\n# skipped ${skipped}\n`)
  expect(stdout).toContain('# SKIP the provider has no lock')
})
