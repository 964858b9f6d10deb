/** Whether an arena is in order by an info block that it may have had. */
import type { Sleepable } from '@bttkit/interfaces'
import { checkFlog } from './check-flog.ts'
import { checkMap } from './check-map.ts'
import type { Arena, CheckRun } from './check-run.ts'
import { FINDING_KINDS, type FindingCode } from './finding-kinds.ts'
import { FindingLog } from './finding-log.ts'
import type { ImageReader } from './image-reader.ts'
import { findInterruptedWrites } from './interrupted-writes.ts'
import type { MapPasses } from './map-passes.ts'

class DamageFound extends Error {}

/** Ends the check at the first damage: by a wrong layout nearly every entry is one. */
class ImpatientLog extends FindingLog {
  constructor() {
    super(0, () => undefined)
  }

  override add(code: FindingCode): void {
    if (FINDING_KINDS[code].severity !== 'info') throw new DamageFound()
  }

  override addUnlisted(code: FindingCode, count: number): void {
    if (count > 0) this.add(code)
  }
}

function* checkArena(run: CheckRun, arena: Arena): Sleepable<void> {
  const flog = yield* checkFlog(run, arena)
  yield* checkMap(run, arena, flog, yield* findInterruptedWrites(run, arena, flog))
}

/** Whether nothing is wrong with flog and map, and each block is somebody's. That is no accident: a flog of zeros, or of anything else, is not. */
export function* isSound(reader: ImageReader, passes: MapPasses, arena: Arena): Sleepable<boolean> {
  const endPass = passes.beginPass(arena.info.externalNlba)
  try {
    yield* checkArena({ reader, log: new ImpatientLog(), passes }, arena)
    return true
  } catch (error) {
    if (error instanceof DamageFound) return false
    throw error
  } finally {
    endPass()
  }
}
