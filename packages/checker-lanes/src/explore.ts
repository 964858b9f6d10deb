/**
 * Stateless model checking: runs a scenario from its start again and again, each time under another schedule, until none is left or there were enough.
 */
import { BoundedSchedules } from './explore-bounded.ts'
import { PriorityChanges, RandomWalk } from './explore-chance.ts'
import { Execution, type Problem } from './explore-execution.ts'
import { ReducedSchedules } from './explore-reduced.ts'
import { parseSchedule, printSchedule } from './explore-schedule.ts'
import type { Scenario } from './explore-scenario.ts'
import type { Strategy } from './explore-strategy.ts'
import { eventLoopTurn } from './event-loop-turn.ts'

export interface ExploreOptions {
  /**
   * Which schedules are run.
   *
   * - `exhaustive`: all, of those that differ in the order of independent steps only one.
   * - `bounded`: those in which a task that could go on is interrupted at most `maxPreemptions` times, also equivalent ones.
   * - `pct`: by random priorities, see `pctBound` for what may be expected.
   * - `random`: at each step any task.
   *
   * Default: `bounded` where `maxPreemptions` is given, else `exhaustive`.
   */
  readonly strategy?: 'exhaustive' | 'bounded' | 'pct' | 'random' | undefined
  /** For `bounded`, from 0; `Infinity` runs every schedule. */
  readonly maxPreemptions?: number | undefined
  /** For `pct` and `random`: a whole number from 0 to 2^53. The same seed, the same schedules. Default 1. */
  readonly seed?: number | undefined
  /** For `pct`, from 1: how many orders between two steps it takes to make a bug happen. Default 3. */
  readonly depth?: number | undefined
  /** Most executions, complete and pruned. Default: no limit, and 1000 for `pct` and `random`, which have no end of their own. */
  readonly maxExecutions?: number | undefined
  /** Most steps of all executions together. Default: no limit. */
  readonly maxSteps?: number | undefined
  /** An execution with more steps than this is a finding: it does not end. Default 10,000. */
  readonly maxStepsPerExecution?: number | undefined
  /** Stop after so many findings. Default 1. */
  readonly maxFindings?: number | undefined
  /** Only problems for which it is true are findings. Default: all. */
  readonly isOfInterest?: ((problem: Problem) => boolean) | undefined
  /** Only schedules that begin with this one, such as a finding's beginning. Its steps count as steps, and its preemptions do not. */
  readonly after?: string | undefined
  /** Ends the exploration between two executions. */
  readonly signal?: AbortSignal | undefined
}

export interface ExplorationFinding extends Problem {
  /** For `replay`. */
  readonly schedule: string
}

export interface Exploration {
  /**
   * Whether every schedule was covered: by itself, or by one that is equivalent; for `bounded`, within the bound. Never for `pct` and `random`, nor where an execution
   * did not end.
   */
  readonly isExhaustive: boolean
  /** Executions that ran to their end. */
  readonly executions: number
  /** Executions that were broken off, because whatever could follow had been covered. */
  readonly pruned: number
  /** Steps of all executions. Each execution begins at the start. */
  readonly steps: number
  readonly findings: readonly ExplorationFinding[]
}

const EXECUTIONS_BY_CHANCE = 1000
const PCT_DEPTH = 3
/** Executions between two turns of the event loop, at most: locks that were handed over leave continuations behind, and signals want to be heard. */
const EXECUTIONS_A_TURN = 64
/** Long executions are followed by a turn each. */
const MS_A_TURN = 20

function strategyOf({ strategy, maxPreemptions, seed = 1, depth = PCT_DEPTH }: ExploreOptions): Strategy {
  const name = strategy ?? (maxPreemptions === undefined ? 'exhaustive' : 'bounded')
  if ((name === 'bounded') !== (maxPreemptions !== undefined))
    throw new RangeError(`maxPreemptions and the strategy "bounded" go together, and not with "${name}"`)
  if (!(depth >= 1)) throw new RangeError(`a bug has a depth from 1, and not ${depth}`)
  if (name === 'pct') return new PriorityChanges(seed, depth)
  if (name === 'random') return new RandomWalk(seed)
  return maxPreemptions === undefined ? new ReducedSchedules() : new BoundedSchedules(maxPreemptions)
}

/** When the event loop gets its next turn. */
class Turns {
  private executions = 0
  private lastMs = performance.now()

  /** After an execution. */
  async taken(): Promise<void> {
    this.executions++
    if (this.executions < EXECUTIONS_A_TURN && performance.now() - this.lastMs < MS_A_TURN) return
    await eventLoopTurn()
    this.executions = 0
    this.lastMs = performance.now()
  }
}

class Explorer {
  executions = 0
  pruned = 0
  steps = 0
  /** Whether an execution was broken off where it had not ended: nobody knows what would have come. */
  isCut = false
  readonly findings: ExplorationFinding[] = []
  private readonly scenario: Scenario
  private readonly strategy: Strategy
  private readonly stepLimit: number
  private readonly maxFindings: number
  private readonly isOfInterest: (problem: Problem) => boolean
  private readonly beginning: readonly number[]

  constructor(scenario: Scenario, strategy: Strategy, options: ExploreOptions) {
    this.scenario = scenario
    this.strategy = strategy
    this.stepLimit = options.maxStepsPerExecution ?? 10_000
    this.maxFindings = options.maxFindings ?? 1
    this.isOfInterest = options.isOfInterest ?? (() => true)
    this.beginning = parseSchedule(options.after ?? '')
  }

  runOnce(): void {
    const execution = new Execution(this.scenario)
    try {
      this.steps += this.beginning.length
      for (const task of this.beginning) execution.step(task)
      const finding = this.run(execution)
      if (finding !== undefined && this.isOfInterest(finding)) this.findings.push(finding)
    } finally {
      execution.dispose()
    }
  }

  /** Runs an execution as the strategy says; returns what is wrong in it. */
  private run(execution: Execution): ExplorationFinding | undefined {
    const { strategy } = this
    let failure: ExplorationFinding | undefined
    for (;;) {
      failure ??= findingAt(execution, execution.failure())
      if (failure !== undefined && !this.runsOn()) break
      if (execution.enabled().length === 0) break
      if (execution.schedule.length >= this.stepLimit) {
        this.isCut = true
        failure ??= findingAt(execution, {
          kind: 'endless',
          problem: `no end within ${this.stepLimit} steps`,
        })
        break
      }
      const task = strategy.choose(execution)
      if (task === undefined) {
        this.pruned++
        return undefined
      }
      this.steps++
      strategy.note(execution.step(task), execution)
    }
    this.executions++
    return failure ?? findingAt(execution, execution.verdict())
  }

  /** After a failure: nobody needs the rest of the last execution. */
  private runsOn(): boolean {
    return this.strategy.runsOnAfterFailure && this.findings.length + 1 < this.maxFindings
  }
}

function findingAt({ schedule }: Execution, problem: Problem | undefined): ExplorationFinding | undefined {
  return problem && { ...problem, schedule: printSchedule(schedule) }
}

/**
 * Runs a scenario under all schedules, or those that the options name. An operation that fails, a deadlock (tasks wait, and nobody is left who could end that: a lost
 * wakeup is one), and what the final check says are findings; none of them is thrown.
 *
 * @throws {InvariantError} when the scenario does not behave the same under the same schedule, or waits for what only the event loop ends; whatever
 * its `make` throws
 * @throws {RangeError} for options that do not go together
 */
export async function explore(scenario: Scenario, options: ExploreOptions = {}): Promise<Exploration> {
  const { maxSteps = Infinity, maxFindings = 1, signal } = options
  const strategy = strategyOf(options)
  const isByChance = options.strategy === 'pct' || options.strategy === 'random'
  const maxExecutions = options.maxExecutions ?? (isByChance ? EXECUTIONS_BY_CHANCE : Infinity)
  const explorer = new Explorer(scenario, strategy, options)
  const isWithinBounds = (): boolean =>
    explorer.findings.length < maxFindings &&
    explorer.executions + explorer.pruned < maxExecutions &&
    explorer.steps < maxSteps &&
    signal?.aborted !== true
  const turns = new Turns()
  let isExhaustive = !strategy.begin()
  while (!isExhaustive && isWithinBounds()) {
    explorer.runOnce()
    isExhaustive = !strategy.begin()
    await turns.taken()
  }
  const { executions, pruned, steps, findings, isCut } = explorer
  return { isExhaustive: isExhaustive && !isCut, executions, pruned, steps, findings }
}
