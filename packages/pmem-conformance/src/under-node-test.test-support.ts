/** Run by node:test in a process of its own. */
import { test } from 'node:test'
import { conformance } from './index.ts'
import { memoryStorage } from './providers.test-support.ts'

conformance({ test, factory: memoryStorage })
