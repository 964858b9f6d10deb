import { attachSuite } from './attach-suite.ts'
import { checkSuite } from './check-suite.ts'
import { deviceSuite } from './device-suite.ts'
import { flushSuite } from './flush-suite.ts'
import { fuseSuite } from './fuse-suite.ts'
import { groupCommitSuite } from './group-commit-suite.ts'
import type { Suite } from './suite.ts'
import { vectorSuite } from './vector-suite.ts'

/** All there are, in the order in which they run. Another one is added here. */
export const SUITES: readonly Suite[] = [
  deviceSuite,
  vectorSuite,
  flushSuite,
  groupCommitSuite,
  fuseSuite,
  attachSuite,
  checkSuite,
]
