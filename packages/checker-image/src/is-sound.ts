/** Whether an arena is in order by an info block that it may have had. */
import type { Sleepable } from '@bttkit/interfaces'
import { checkFlog } from './check-flog.ts'
import { checkMap } from './check-map.ts'
import { bareRun, type Arena } from './check-run.ts'
import { FindingLog } from './finding-log.ts'
import type { ImageReader } from './image-reader.ts'
import { findInterruptedWrites } from './interrupted-writes.ts'

/** Whether nothing is wrong with flog and map, and each block is somebody's. That is no accident: a flog of zeros, or of anything else, is not. */
export function* isSound(reader: ImageReader, arena: Arena): Sleepable<boolean> {
  const log = new FindingLog(0, () => undefined)
  const run = bareRun(reader, log)
  const flog = yield* checkFlog(run, arena)
  if (log.bySeverity.damaged > 0) return false
  yield* checkMap(run, arena, flog, yield* findInterruptedWrites(run, arena, flog))
  return log.bySeverity.damaged === 0
}
