/** Programs of real threads over all tables of production that threads share. The threads of a crew load this module. */
import type { WordPrograms } from '@bttkit/checker-lanes'
import { CACHE_PROGRAMS } from './cache-programs.ts'
import { GATE_PROGRAMS } from './gate-programs.ts'
import { LANE_PROGRAMS } from './lane-programs.ts'
import { LOCK_PROGRAMS } from './lock-programs.ts'
import { REGISTRY_PROGRAMS } from './registry-programs.ts'
import { TRACKING_PROGRAMS } from './tracking-programs.ts'

export const wordPrograms: WordPrograms = {
  ...LANE_PROGRAMS,
  ...LOCK_PROGRAMS,
  ...TRACKING_PROGRAMS,
  ...GATE_PROGRAMS,
  ...REGISTRY_PROGRAMS,
  ...CACHE_PROGRAMS,
}
