import {
  ExploredImage,
  explore,
  formatDiagram,
  formatReplayFile,
  partsByName,
  programScenario,
  replay,
  sectors,
  shrink,
  smallerPrograms,
  type DeviceProgram,
  type ExploredLaneSetting,
  type ExploredParts,
} from '@bttkit/checker-lanes'
import { MutexLaneTable } from '@bttkit/region-lanes'

/** A lane table of one's own. Its mistake: who finds a lane taken does not wait. */
class HastyLanes extends MutexLaneTable {
  override *acquire(hint: number) {
    return this.tryAcquire(hint) ?? hint % this.laneCount
  }

  override release(lane: number): void {
    if (this.heldCount() > 0) super.release(lane)
  }
}

/** The engine's other parts stay those of production. A provider of one's own goes in as `storage`. */
function makeParts(lanes: ExploredLaneSetting): ExploredParts {
  const laneTable: ExploredParts['laneTable'] = (words) => new HastyLanes(words.subarray(0, -1))
  return { ...partsByName({ ...lanes, table: 'mutex' }), laneTable }
}

export async function checkHastyLanes() {
  const image = new ExploredImage()
  const makeScenario = (program: DeviceProgram) => programScenario(image, program, makeParts)
  const program: DeviceProgram = {
    name: 'two writers',
    lanes: { table: 'hasty', laneCount: 1 },
    tasks: [[sectors('write', 3, 2, 1)], [sectors('write', 20, 1, 2)]],
  }
  const { findings } = await explore(makeScenario(program), { strategy: 'exhaustive' })
  const [finding] = findings
  if (finding === undefined) return 'every schedule is right'

  const shrunk = await shrink(program, finding, { makeScenario, smaller: smallerPrograms })
  const { workload, schedule, problem, guiltyStep } = shrunk
  const { steps } = replay(makeScenario(workload), schedule)
  return {
    diagram: formatDiagram(steps, { describe: (access) => image.describe(access), guiltyStep, problem }),
    file: formatReplayFile({ program: workload, schedule, problem }),
  }
}
