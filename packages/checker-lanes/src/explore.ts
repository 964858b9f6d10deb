/**
 * Stateless model checking: runs a scenario from its start again and again, each time under another schedule, until none is left.
 *
 * Sleep sets (Godefroid) leave out schedules that differ from one that was run in the order of independent steps only. When all schedules from a node that begin with
 * task T are done, T is put to sleep in the node's other subtrees, and wakes when a step is made that depends on T's next one; who sleeps is not
 * run. So there is one complete execution for each class of such schedules (Mazurkiewicz trace), and some that end because everybody sleeps
 * (`pruned`).
 *
 * Invariants:
 * - A sleeper's footprint is known: it was executed from a state that differs from the present one by independent steps only.
 * - A prefix of choices leads to the same state each time. Scenarios promise it, and what each step touched is compared.
 */
import { InvariantError } from '@bttkit/interfaces'
import { areDependent, areSame, type Access } from './explore-access.ts'
import { Execution } from './explore-execution.ts'
import { printSchedule } from './explore-schedule.ts'
import type { Scenario } from './explore-scenario.ts'

export interface ExploreOptions {
  /** Most executions, complete and pruned. Default: no limit. */
  readonly maxExecutions?: number | undefined
  /** Most steps of all executions together. Default: no limit. */
  readonly maxSteps?: number | undefined
  /** An execution with more steps than this is a finding: it does not end. Default 10,000. */
  readonly maxStepsPerExecution?: number | undefined
  /** Stop after so many findings. Default 1. */
  readonly maxFindings?: number | undefined
  /**
   * Only schedules in which a task that could go on is interrupted at most so many times; for programs of which all schedules are too many. Then nothing is
   * left out for being equivalent: a class may have a member within the bound and another, the one that would be run, beyond it.
   * `Infinity` runs every schedule. Default: all classes.
   */
  readonly maxPreemptions?: number | undefined
  /** Ends the exploration between two executions. */
  readonly signal?: AbortSignal | undefined
}

export interface ExplorationFinding {
  /** What is wrong, in a sentence. */
  readonly problem: string
  /** For `replay`. */
  readonly schedule: string
}

export interface Exploration {
  /** Whether every schedule was covered: by itself, or by one that is equivalent; within `maxPreemptions`, where that was given. */
  readonly isExhaustive: boolean
  /** Executions that ran to their end. */
  readonly executions: number
  /** Executions that were broken off, because whatever could follow had been covered. */
  readonly pruned: number
  /** Steps of all executions. Each execution begins at the start. */
  readonly steps: number
  readonly findings: readonly ExplorationFinding[]
}

/** A state on the present path, and the choice that was made in it. */
interface Node {
  task: number
  touched: readonly Access[]
  /** Tasks whose next step was covered, with what it touches. */
  readonly sleeping: Map<number, readonly Access[]>
  /** Tasks that are still to be chosen here. */
  readonly candidates: number[]
  /** Of the path up to this state, and which task could go on without one. */
  readonly preemptions: number
  readonly uninterrupted: number | undefined
}

/** Executions between two turns of the event loop: locks that were handed over leave continuations behind, and signals want to be heard. */
const EXECUTIONS_A_TURN = 64

class Explorer {
  executions = 0
  pruned = 0
  steps = 0
  readonly findings: ExplorationFinding[] = []
  private readonly path: Node[] = []
  private readonly scenario: Scenario
  private readonly stepLimit: number
  private readonly maxPreemptions: number | undefined

  constructor(scenario: Scenario, options: ExploreOptions) {
    this.scenario = scenario
    this.stepLimit = options.maxStepsPerExecution ?? 10_000
    this.maxPreemptions = options.maxPreemptions
  }

  /** Runs the present path, and on from there as far as there is something new. */
  runOnce(): void {
    const execution = new Execution(this.scenario)
    try {
      for (const [depth, node] of this.path.entries()) this.repeat(execution, node, depth)
      this.extend(execution)
    } finally {
      execution.dispose()
    }
  }

  /** Goes back to the last state that has a choice left, and makes it. False when there is none. */
  backtrack(): boolean {
    for (;;) {
      const node = this.path.at(-1)
      if (node === undefined) return false
      if (this.maxPreemptions === undefined) node.sleeping.set(node.task, node.touched)
      const next = node.candidates.shift()
      if (next !== undefined) {
        node.task = next
        node.touched = []
        return true
      }
      this.path.pop()
    }
  }

  private repeat(execution: Execution, node: Node, depth: number): void {
    const touched = this.step(execution, node.task)
    const isNew = depth === this.path.length - 1
    if (!isNew && !areSame(touched, node.touched)) {
      const place = `step ${depth + 1} of ${this.schedule()}`
      throw new InvariantError(
        {},
        `${this.scenario.name} behaves differently under the same schedule: ${place}`,
      )
    }
    node.touched = touched
  }

  private extend(execution: Execution): void {
    for (;;) {
      const failure = execution.failure()
      if (failure !== undefined) return this.complete(failure)
      const enabled = execution.enabled()
      if (enabled.length === 0) return this.complete(execution.verdict())
      if (this.path.length >= this.stepLimit) return this.complete(`no end within ${this.stepLimit} steps`)
      const node = this.nextNode(enabled)
      if (node === undefined) {
        this.pruned++
        return
      }
      this.path.push(node)
      node.touched = this.step(execution, node.task)
    }
  }

  private step(execution: Execution, task: number): readonly Access[] {
    this.steps++
    return execution.step(task)
  }

  private complete(problem: string | undefined): void {
    this.executions++
    if (problem !== undefined) this.findings.push({ problem, schedule: this.schedule() })
  }

  private schedule(): string {
    return printSchedule(this.path.map((node) => node.task))
  }

  /** The state after the path, with its first choice: who ran before goes on, if it can. `undefined` where there is nothing new. */
  private nextNode(enabled: readonly number[]): Node | undefined {
    const last = this.path.at(-1)
    const sleeping = new Map<number, readonly Access[]>()
    for (const [task, touched] of last?.sleeping ?? [])
      if (task !== last?.task && !areDependent(touched, last?.touched ?? [])) sleeping.set(task, touched)
    const uninterrupted = enabled.find((task) => task === last?.task)
    const preemptions = (last?.preemptions ?? 0) + (isPreempted(last) ? 1 : 0)
    const mayPreempt = preemptions < (this.maxPreemptions ?? Infinity)
    const candidates = enabled.filter((task) => task !== uninterrupted && !sleeping.has(task))
    if (uninterrupted !== undefined) {
      if (!mayPreempt) candidates.length = 0
      if (!sleeping.has(uninterrupted)) candidates.unshift(uninterrupted)
    }
    const task = candidates.shift()
    return task === undefined
      ? undefined
      : { task, touched: [], sleeping, candidates, preemptions, uninterrupted }
  }
}

function isPreempted(node: Node | undefined): boolean {
  return node?.uninterrupted !== undefined && node.uninterrupted !== node.task
}

async function eventLoopTurn(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve)
  })
}

/**
 * Runs a scenario under all schedules, or as many as the options allow. An operation that fails, a deadlock, and what the final check says are findings;
 * none of them is thrown.
 *
 * @throws {InvariantError} when the scenario does not behave the same under the same schedule, or waits for what only the event loop ends; whatever
 * its `make` throws
 */
export async function explore(scenario: Scenario, options: ExploreOptions = {}): Promise<Exploration> {
  const { maxExecutions = Infinity, maxSteps = Infinity, maxFindings = 1, signal } = options
  const explorer = new Explorer(scenario, options)
  const isWithinBounds = (): boolean =>
    explorer.findings.length < maxFindings &&
    explorer.executions + explorer.pruned < maxExecutions &&
    explorer.steps < maxSteps &&
    signal?.aborted !== true
  let isExhaustive = false
  while (!isExhaustive && isWithinBounds()) {
    explorer.runOnce()
    isExhaustive = !explorer.backtrack()
    if ((explorer.executions + explorer.pruned) % EXECUTIONS_A_TURN === 0) await eventLoopTurn()
  }
  const { executions, pruned, steps, findings } = explorer
  return { isExhaustive, executions, pruned, steps, findings }
}
