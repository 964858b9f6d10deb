import { test } from 'node:test'
import { conformance } from '@bttkit/pmem-conformance'
import { chunkStorage } from './chunk-storage.test-support.js'
conformance({ test, factory: chunkStorage, largeSizeBytes: 5 * 2 ** 30 })
