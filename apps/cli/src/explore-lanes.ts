/** Programs while the power is on. */
import {
  ExploredImage,
  explore,
  formatDiagram,
  formatReplayFile,
  formatScheduleTrace,
  guiltyStep,
  programScenario,
  replay,
  shrink,
  smallerPrograms,
  tracedSteps,
  type Access,
  type DeviceProgram,
  type ExplorationFinding,
  type ExploreOptions,
  type ReplayFile,
  type Scenario,
} from '@bttkit/checker-lanes'
import type { ExploredCounts, Finding, ProgramExplorer } from './explore-finding.ts'
import type { ExploreRequest, ExploreSurroundings } from './explore-request.ts'

/** By chance there is no end: then it is the next program's turn. */
export const SCHEDULES_A_PROGRAM_BY_CHANCE = 100
const SCHEDULES_A_PROGRESS = 64

/** A failure with its pictures. @throws {RangeError} where the schedule does not fit the program */
function findingOf(image: ExploredImage, found: ReplayFile, guilty: number | undefined): Finding {
  const { program, schedule, problem } = found
  const { steps } = replay(programScenario(image, program), schedule)
  const describe = (access: Access): string => image.describe(access)
  const diagram = formatDiagram(steps, { describe, guiltyStep: guilty, problem })
  return {
    shown: { program, schedule, problem, guiltyStep: guilty ?? null, diagram },
    file: formatReplayFile(found),
    trace: formatScheduleTrace(tracedSteps(steps, describe)),
  }
}

/** A failure as it is. @throws {RangeError} where the schedule does not fit the program */
export async function pictureOf(image: ExploredImage, found: ReplayFile): Promise<Finding> {
  return findingOf(image, found, await guiltyStep(programScenario(image, found.program), found.schedule))
}

export class LaneExplorer implements ProgramExplorer {
  private readonly image = new ExploredImage()
  private readonly request: ExploreRequest
  private readonly surroundings: ExploreSurroundings
  private programs = 0
  private begun = 0
  private totals = { schedules: 0, pruned: 0, steps: 0, isExhaustive: true }

  constructor(request: ExploreRequest, surroundings: ExploreSurroundings) {
    this.request = request
    this.surroundings = surroundings
  }

  get counts(): ExploredCounts {
    return { ...this.totals, powerFailures: null }
  }

  async explore(program: DeviceProgram): Promise<(() => Promise<Finding>) | undefined> {
    const result = await explore(this.counted(programScenario(this.image, program)), this.options())
    this.programs++
    const { schedules, pruned, steps, isExhaustive } = this.totals
    this.totals = {
      schedules: schedules + result.executions,
      pruned: pruned + result.pruned,
      steps: steps + result.steps,
      isExhaustive: isExhaustive && result.isExhaustive,
    }
    const [finding] = result.findings
    return finding && (() => this.smallest(program, finding))
  }

  private options(): ExploreOptions {
    const { strategy, maxPreemptions, seed } = this.request
    const { signal } = this.surroundings
    if (seed === undefined) return { strategy, maxPreemptions, signal }
    // Each program has other schedules, also where it comes a second time.
    return { strategy, seed: seed + this.programs, maxExecutions: SCHEDULES_A_PROGRAM_BY_CHANCE, signal }
  }

  /** Every run of a scenario begins with a state of its own. */
  private counted(scenario: Scenario): Scenario {
    const make: Scenario['make'] = (recorder) => {
      this.begun++
      if (this.begun % SCHEDULES_A_PROGRESS === 0) this.surroundings.onProgress(this.begun)
      return scenario.make(recorder)
    }
    return { name: scenario.name, make }
  }

  private async smallest(program: DeviceProgram, finding: ExplorationFinding): Promise<Finding> {
    const makeScenario = (workload: DeviceProgram): Scenario => programScenario(this.image, workload)
    const { signal } = this.surroundings
    const shrunk = await shrink(program, finding, { makeScenario, smaller: smallerPrograms, signal })
    const { workload, schedule, problem, guiltyStep: guilty } = shrunk
    return findingOf(this.image, { program: workload, schedule, problem }, guilty)
  }
}
