/** All checks, in the order in which mutants meet them. */
import { BATCH_CHECKS } from './batch-checks.ts'
import { CACHE_CHECKS } from './cache-checks.ts'
import { AT_ONCE_CHECKS } from './at-once-checks.ts'
import type { Check } from './check.ts'
import { CRASH_CHECKS } from './crash-checks.ts'
import { CREATION_CHECKS } from './creation-checks.ts'
import { DEATH_AND_POWER } from './death-and-power-check.ts'
import { DEATHS } from './death-checks.ts'
import { BAD_MEDIA } from './bad-media-check.ts'
import { FAILING_FLUSH } from './failing-flush-check.ts'
import { ONE_FAILING_CALL } from './one-failing-call-check.ts'
import { SLEEPING_FLUSH } from './sleeping-flush-check.ts'
import { IMAGE_CHECKS } from './image-checks.ts'
import { OVERLAPPING } from './overlapping-checks.ts'
import { SCHEDULES_OF_SEVERAL, SCHEDULE_CHECKS } from './schedule-checks.ts'
import { THREADS } from './word-checks.ts'
import { WRITE_BACK_CHECKS } from './write-back-checks.ts'
import { ZEROING_CHECKS } from './zeroing-checks.ts'

export const CHECKS: readonly Check[] = [
  THREADS,
  ...SCHEDULE_CHECKS,
  ...CRASH_CHECKS,
  OVERLAPPING,
  ...CREATION_CHECKS,
  ...IMAGE_CHECKS,
  SLEEPING_FLUSH,
  BAD_MEDIA,
  FAILING_FLUSH,
  ONE_FAILING_CALL,
  ...BATCH_CHECKS,
  ...CACHE_CHECKS,
  ...WRITE_BACK_CHECKS,
  ...AT_ONCE_CHECKS,
  SCHEDULES_OF_SEVERAL,
  DEATHS,
  DEATH_AND_POWER,
  ...ZEROING_CHECKS,
]
