/** Programs with power failures at every moment of their schedules. */
import {
  checkOverlapping,
  crashTrace,
  formatCrashDiagram,
  formatCrashFile,
  overlappingOptions,
  replayCase,
  shrinkCase,
  type CrashCase,
  type CrashProgram,
  type CrashSetting,
  type OverlappingCheckOptions,
} from '@bttkit/checker-crash'
import {
  ExploredImage,
  engineWithLanes,
  type DeviceProgram,
  type ExplorationFinding,
} from '@bttkit/checker-lanes'
import type { PowerFailModel } from '@bttkit/pmem-power-fail'
import type { ExploredCounts, Finding, ProgramExplorer } from './explore-finding.ts'
import { SCHEDULES_A_PROGRAM_BY_CHANCE } from './explore-lanes.ts'
import { crashTasks } from './explore-programs.ts'
import type { ExploreRequest, ExploreSurroundings } from './explore-request.ts'

/**
 * Classes of states of one moment. Of an engine that is right no moment has as many; of one that is wrong it may be any number, as where what is torn is part of a live block.
 */
const MOST_CLASSES = 50

/** The image that all runs begin with. */
export function crashSetting(): CrashSetting {
  const { memory, namespaceOffset } = new ExploredImage()
  return {
    image: memory.bytes,
    makeEngine: (lanes) => engineWithLanes(lanes, { namespaceOffset }),
    limit: MOST_CLASSES,
  }
}

/** A case with its pictures, and what is wrong with it now. @throws as `replayCase` */
export function crashFinding(
  found: CrashCase,
  setting: CrashSetting,
): { finding: Finding; problem: string | undefined } {
  const replayed = replayCase(found, setting)
  const { problem, stores } = replayed
  // A file may tell of another problem than there is now.
  const current = { ...found, problem: problem ?? found.problem }
  const shown = { ...current, stores, diagram: formatCrashDiagram(replayed) }
  const file = formatCrashFile({ kind: 'overlapping', found: current })
  return { finding: { shown, file, trace: crashTrace(replayed) }, problem }
}

export class CrashExplorer implements ProgramExplorer {
  private readonly setting = crashSetting()
  private readonly model: PowerFailModel
  private readonly request: ExploreRequest
  private readonly surroundings: ExploreSurroundings
  private programs = 0
  private schedules = 0
  private isExhaustive = true
  private readonly failures = { points: 0, classes: 0, states: 0 }

  constructor(model: PowerFailModel, request: ExploreRequest, surroundings: ExploreSurroundings) {
    this.model = model
    this.request = request
    this.surroundings = surroundings
  }

  get counts(): ExploredCounts {
    const { schedules, isExhaustive, failures } = this
    return { schedules, pruned: 0, steps: null, isExhaustive, powerFailures: { ...failures } }
  }

  async explore({ lanes, tasks }: DeviceProgram): Promise<(() => Promise<Finding>) | undefined> {
    const { failures, model } = this
    const program = { model, lanes, tasks: crashTasks(tasks) }
    const { classes } = failures
    const found = await checkOverlapping({
      ...overlappingOptions(program, this.setting),
      ...this.schedulesToRun(),
      onProgress: (_, counts) => this.surroundings.onProgress(classes + counts.classes),
    })
    this.programs++
    this.schedules += found.schedules
    this.isExhaustive &&= found.isExhaustive
    failures.points += found.points
    failures.classes += found.classes
    failures.states += Number(found.states)
    const { violation } = found
    return violation && (() => this.smallest(program, violation))
  }

  private schedulesToRun(): Pick<OverlappingCheckOptions, 'maxPreemptions' | 'exploration'> {
    const { strategy, maxPreemptions = Infinity, seed } = this.request
    const { signal } = this.surroundings
    if (seed === undefined || strategy === 'exhaustive') return { maxPreemptions, exploration: { signal } }
    const limits = { seed: seed + this.programs, maxExecutions: SCHEDULES_A_PROGRAM_BY_CHANCE }
    return { exploration: { strategy, signal, ...limits } }
  }

  private async smallest(program: CrashProgram, violation: ExplorationFinding): Promise<Finding> {
    const { signal } = this.surroundings
    return crashFinding(await shrinkCase(program, violation, this.setting, { signal }), this.setting).finding
  }
}
