/** The suite with vitest's own test function, of a provider of which it skips nothing in these sections. */
import { test } from 'vitest'
import { CachingProvider, storageOf } from './caching-provider.test-support.ts'
import { conformance, type ConformanceTestFunction } from './index.ts'

const SECTIONS = new Set([
  'bounds',
  'buffers',
  'content',
  'concurrency',
  'durability',
  'bad blocks',
  'annotate',
  'lock',
])

const register: ConformanceTestFunction = test

conformance({
  test: (name, run) => SECTIONS.has(name.split(':', 1)[0] ?? '') && register(name, run),
  factory: (sizeBytes) => storageOf(CachingProvider, sizeBytes),
})
