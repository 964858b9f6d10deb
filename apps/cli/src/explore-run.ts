/** Explores the programs of a request until one goes wrong, and makes that one small. */
import {
  ExploredImage,
  explore,
  formatDiagram,
  guiltyStep,
  programScenario,
  replay,
  shrink,
  smallerPrograms,
  type DeviceProgram,
  type ExplorationFinding,
  type ExploreOptions,
  type ReplayFile,
  type Scenario,
} from '@bttkit/checker-lanes'
import { eventLoopTurn } from './event-loop-turn.ts'
import { allPrograms, randomPrograms } from './explore-programs.ts'
import type { ExploreRequest, ExploreSurroundings } from './explore-request.ts'

/** What goes wrong, as small as it gets. */
export interface ExploredProblem extends ReplayFile {
  /** From 1: the first step after which every schedule is wrong; `null` where that is not known. */
  readonly guiltyStep: number | null
  /** A column a task, a row a step. */
  readonly diagram: string
}

export interface ExploreReport extends Omit<ExploreRequest, 'limitMs' | 'maxPreemptions' | 'seed'> {
  readonly verdict: 'clean' | 'wrong'
  readonly maxPreemptions: number | null
  readonly seed: number | null
  /** Whether every schedule of every program was covered; with `maxPreemptions`, those within the bound. */
  readonly isExhaustive: boolean
  /** Programs that were begun. */
  readonly programs: number
  /** Schedules that ran to their end. */
  readonly schedules: number
  /** Schedules that were broken off, because whatever could follow had been covered. */
  readonly pruned: number
  readonly steps: number
  /** Without those that it took to make the finding small. */
  readonly seconds: number
  readonly finding: ExploredProblem | null
}

/** By chance there is no end: then it is the next program's turn. */
const SCHEDULES_A_PROGRAM_BY_CHANCE = 100
const SCHEDULES_A_PROGRESS = 64
/** What a timer can wait. */
const LONGEST_MS = 2 ** 31 - 1

/** A failure with its picture. @throws {RangeError} where the schedule does not fit the program */
export async function pictureOf(
  image: ExploredImage,
  { program, schedule, problem }: ReplayFile,
): Promise<ExploredProblem> {
  const scenario = programScenario(image, program)
  const guilty = await guiltyStep(scenario, schedule)
  const { steps } = replay(scenario, schedule)
  const describe = image.describe.bind(image)
  const diagram = formatDiagram(steps, { describe, guiltyStep: guilty, problem })
  return { program, schedule, problem, guiltyStep: guilty ?? null, diagram }
}

async function smallest(
  image: ExploredImage,
  program: DeviceProgram,
  finding: ExplorationFinding,
): Promise<ExploredProblem> {
  const makeScenario = (workload: DeviceProgram): Scenario => programScenario(image, workload)
  const shrunk = await shrink(program, finding, { makeScenario, smaller: smallerPrograms })
  const { workload, schedule, problem } = shrunk
  return pictureOf(image, { program: workload, schedule, problem })
}

class Exploring {
  programs = 0
  schedules = 0
  pruned = 0
  steps = 0
  isExhaustive = true
  private begun = 0
  private readonly image: ExploredImage
  private readonly request: ExploreRequest
  private readonly signal: AbortSignal
  private readonly onProgress: (schedules: number) => void

  constructor(image: ExploredImage, request: ExploreRequest, { signal, onProgress }: ExploreSurroundings) {
    this.image = image
    this.request = request
    this.signal = signal
    this.onProgress = onProgress
  }

  async explore(program: DeviceProgram): Promise<ExplorationFinding | undefined> {
    const result = await explore(this.counted(programScenario(this.image, program)), this.options())
    this.programs++
    this.schedules += result.executions
    this.pruned += result.pruned
    this.steps += result.steps
    this.isExhaustive &&= result.isExhaustive
    return result.findings[0]
  }

  private options(): ExploreOptions {
    const { strategy, maxPreemptions, seed } = this.request
    const { signal } = this
    if (seed === undefined) return { strategy, maxPreemptions, signal }
    // Each program has other schedules, also where it comes a second time.
    return { strategy, seed: seed + this.programs, maxExecutions: SCHEDULES_A_PROGRAM_BY_CHANCE, signal }
  }

  /** Every run of a scenario begins with a state of its own. */
  private counted(scenario: Scenario): Scenario {
    const make: Scenario['make'] = (recorder) => {
      this.begun++
      if (this.begun % SCHEDULES_A_PROGRESS === 0) this.onProgress(this.begun)
      return scenario.make(recorder)
    }
    return { name: scenario.name, make }
  }
}

/** Explores until something goes wrong, everything was explored, or the time is over. */
export async function explorePrograms(
  request: ExploreRequest,
  { signal, onProgress }: ExploreSurroundings,
): Promise<ExploreReport> {
  const { limitMs, maxPreemptions = null, seed = null, ...setting } = request
  const startedMs = performance.now()
  const end = AbortSignal.any([signal, AbortSignal.timeout(Math.min(limitMs, LONGEST_MS))])
  const image = new ExploredImage()
  const exploring = new Exploring(image, request, { signal: end, onProgress })
  let found: { program: DeviceProgram; finding: ExplorationFinding } | undefined
  for (const program of seed === null ? allPrograms(request) : randomPrograms(request, seed)) {
    await eventLoopTurn()
    if (end.aborted) {
      exploring.isExhaustive = false
      break
    }
    const finding = await exploring.explore(program)
    if (finding === undefined) continue
    exploring.isExhaustive = false
    found = { program, finding }
    break
  }
  const seconds = (performance.now() - startedMs) / 1000
  const { isExhaustive, programs, schedules, pruned, steps } = exploring
  const verdict = found === undefined ? 'clean' : 'wrong'
  const finding = found === undefined ? null : await smallest(image, found.program, found.finding)
  const counts = { isExhaustive, programs, schedules, pruned, steps, seconds }
  return { verdict, ...setting, maxPreemptions, seed, ...counts, finding }
}
