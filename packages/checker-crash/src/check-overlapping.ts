/**
 * Power failures at each moment of operations that overlap: schedules with few preemptions, and in each of them every state that may be left after each store and at the end
 * of each operation.
 *
 * Stateless: each schedule is run from the start. A moment is not judged again that was reached in the same way, or has the same media, the same writes in flight and the same
 * history of operations as another one: nothing else decides what is left, and what is right.
 */
import type { BttDevice, Engine, Sleepable } from '@bttkit/interfaces'
import {
  explore,
  replay,
  type ExplorationFinding,
  type ExploreOptions,
  type Program,
  type Scenario,
  type StepRecorder,
} from '@bttkit/checker-lanes'
import { PowerFailMemory, type PowerFailModel, type PowerFailure } from '@bttkit/pmem-power-fail'
import { runAtomic, runBlocking } from '@bttkit/sleepable'
import { describeOperation, perform, sectorsOf, type CrashOperation } from './crash-operation.ts'
import { SeeingRead, type CrashRead } from './crash-read.ts'
import { ExpectedSectors } from './expected-sectors.ts'
import type { CrashCounts } from './explore-points.ts'
import { LeftStatesCache, type LeftStates } from './left-states.ts'
import { explainSector, type OverlappingRead, type OverlappingWrite } from './overlapping-operations.ts'
import { SteppingStorage } from './stepping-storage.ts'

export interface OverlappingCheckOptions {
  readonly engine: Engine
  /** Bytes with a BTT. They are not changed. */
  readonly image: Uint8Array
  readonly model: PowerFailModel
  /** What each task does, one operation after another. */
  readonly tasks: readonly (readonly (CrashOperation | CrashRead)[])[]
  /** How often a task that could go on is interrupted. Default 2. */
  readonly maxPreemptions?: number | undefined
  /** Whether the power fails again after each store of the recovery. Default false. */
  readonly duringRecovery?: boolean | undefined
  /** Classes of states for each moment; what is left then is sampled, as often. Default: all. */
  readonly limit?: number | undefined
  /** Schedules by chance, and when to stop. Default: all with at most `maxPreemptions`. */
  readonly exploration?: OverlappingExploration | undefined
  /** Called after each schedule. */
  readonly onProgress?: ((schedules: number, counts: CrashCounts) => void) | undefined
}

/** As `explore` has them. Reduction is for schedules without power failures. */
export type OverlappingExploration = Pick<ExploreOptions, 'seed' | 'maxExecutions' | 'signal'> & {
  readonly strategy?: 'bounded' | 'pct' | 'random' | undefined
}

export interface OverlappingCheckResult extends CrashCounts {
  readonly schedules: number
  /** Moments that were judged: no two with the same media, writes in flight and history. `classes` and `states` are of those that differ in media and writes in flight. */
  readonly points: number
  /** The same for power failures in recoveries. */
  readonly recovery: CrashCounts
  /** What was judged of a moment where only a read explains it that returned what the power failure took back. */
  readonly takenBack: number
  /** Whether all schedules within the bound were run, and all states judged. */
  readonly isExhaustive: boolean
  /** The first problem, and the schedule that leads to it: for `replayOverlapping` and `shrinkOverlapping`. */
  readonly violation: ExplorationFinding | undefined
}

/** An operation of a run. It changes in the course of the run. */
type Run = (OverlappingWrite | (OverlappingRead & { readonly seen: SeeingRead })) & {
  start: number
  end: number
  readonly what: CrashOperation | CrashRead
}

/** A moment in a run. */
export interface Moment {
  /** How it was reached: whose call, where on the storage, or operation came after whose. */
  readonly path: string
  /** The number of the step, from 1. */
  readonly step: number
  /** Of the storage, up to here. */
  readonly calls: number
  readonly failure: PowerFailure
  readonly operations: readonly Run[]
}

/** A run, and what has become of it so far. */
export interface OverlappingRun extends Program {
  readonly moments: readonly Moment[]
  /** By task. */
  readonly operations: readonly (readonly Readonly<Run>[])[]
}

/** All of a history that decides what is right. */
function historyOf(operations: readonly Run[]): string {
  return operations
    .map((run) => `${run.start} ${run.end} ${'seen' in run && run.end < Infinity ? String(run.seen) : ''}`)
    .join()
}

/** For all runs of one program. */
export class OverlappingCheck {
  takenBack = 0
  readonly left: LeftStatesCache
  private readonly options: OverlappingCheckOptions
  private readonly start: PowerFailMemory
  readonly device: BttDevice
  private readonly before: ExpectedSectors
  private readonly lbas: readonly number[]
  private readonly reached = new Set<string>()
  private readonly judged = new Map<string, { readonly problem: string | undefined }>()

  constructor(options: OverlappingCheckOptions) {
    this.options = options
    const { engine, image, model, tasks, limit } = options
    this.start = new PowerFailMemory({ media: image, model })
    this.device = runAtomic(engine.attach(this.start))
    this.start.flush()
    const lbas = new Set(tasks.flat().flatMap((operation) => sectorsOf(operation, this.device)))
    this.lbas = [...lbas]
    this.before = ExpectedSectors.of(this.device, lbas)
    this.left = this.leftStates(limit)
  }

  private leftStates(limit?: number): LeftStatesCache {
    const { lbas, namespaceOffset } = this
    const { engine, duringRecovery } = this.options
    return new LeftStatesCache({ engine, lbas, namespaceOffset, duringRecovery, limit })
  }

  /** So that not every run has to look for it. */
  private get namespaceOffset(): number | undefined {
    return this.device.info.arenas[0]?.offset
  }

  /** Moments that were judged. */
  get points(): number {
    return this.judged.size
  }

  /** So far. */
  get counts(): CrashCounts {
    const { points, left } = this
    return { ...left.counts, points }
  }

  /** `onProgress` is called when the next schedule begins: the last one is for who knows that it was. */
  scenario(onProgress?: OverlappingCheckOptions['onProgress']): Scenario {
    let begun = 0
    const make = (recorder: StepRecorder): Program => {
      if (begun > 0) onProgress?.(begun, this.counts)
      begun++
      return this.makeRun(recorder)
    }
    return { name: 'overlapping operations', make }
  }

  private runOf(what: CrashOperation | CrashRead): Run {
    const times = { start: Infinity, end: Infinity }
    if (what.kind === 'read' || what.kind === 'read-bytes')
      return { what, seen: new SeeingRead(what, this.device), ...times }
    return { what, operation: what, ...times }
  }

  makeRun(recorder: StepRecorder): OverlappingRun {
    const memory = this.start.copy()
    const moments: Moment[] = []
    let path = ''
    let calls = 0
    let now = 0
    const runs = this.options.tasks.map((operations) => operations.map((one) => this.runOf(one)))
    const keep = (): void => {
      if (this.reached.has(path)) return
      const operations = runs.flat().map((run) => ({ ...run }))
      moments.push({ path, step: recorder.step, calls, failure: memory.cut(), operations })
    }
    const storage = new SteppingStorage(memory, (step, offset) => {
      path += `${step} ${offset} ${recorder.task},`
      if (step !== 'flush is over') calls++
      if (step === 'write') keep()
    })
    const device = runBlocking(this.options.engine.attach(storage, { namespaceOffset: this.namespaceOffset }))
    moments.length = 0
    calls = 0
    function* inTurn(ofTask: readonly Run[]): Sleepable<void> {
      for (const run of ofTask) {
        run.start = now++
        path += `start ${recorder.task},`
        yield* 'seen' in run ? run.seen.perform(device.sleepable) : perform(device, run.operation)
        run.end = now++
        path += `end ${recorder.task},`
        keep()
      }
    }
    return {
      moments,
      operations: runs,
      tasks: runs.map((ofTask) => ({
        name: ofTask.map(({ what }) => describeOperation(what)).join(' and '),
        operation: inTurn(ofTask),
      })),
      check: () => this.judgeMoments(moments),
    }
  }

  private judgeMoments(moments: readonly Moment[]): string | undefined {
    for (const moment of moments) {
      const problem = this.problemOf(moment)
      if (problem !== undefined) return problem
      this.reached.add(moment.path)
    }
    return undefined
  }

  /** What is wrong with anything that the power failure of a moment may leave. */
  problemOf(moment: Moment): string | undefined {
    const left = this.left.of(moment.failure)
    const problem = left.problem ?? this.judge(left, moment.operations)
    return problem && problemAt(moment, problem)
  }

  /** What is wrong with what the power failure of a moment has left in one case. */
  judgeState(moment: Moment, storage: PowerFailMemory): string | undefined {
    const left = this.leftStates().of(storage.cut())
    const problem = left.problem ?? this.explain(left, moment.operations)
    return problem && problemAt(moment, problem)
  }

  private judge(left: LeftStates, operations: readonly Run[]): string | undefined {
    const known = `${left.number}: ${historyOf(operations)}`
    const before = this.judged.get(known)
    if (before !== undefined) return before.problem
    const problem = this.explain(left, operations)
    this.judged.set(known, { problem })
    return problem
  }

  private explain({ contents }: LeftStates, operations: readonly Run[]): string | undefined {
    for (const [index, lba] of this.lbas.entries()) {
      const ofSector = operations.filter(({ what }) => sectorsOf(what, this.device).includes(lba))
      const before = this.before.contentOf(lba)
      const explanations = contents.map((sectors) =>
        explainSector(sectors[index] ?? before, before, lba, ofSector, this.device),
      )
      if (explanations.includes('none'))
        return `no order of the operations explains what LBA ${lba} holds and what was read of it`
      this.takenBack += explanations.filter((explanation) => explanation === 'taken back').length
    }
    return undefined
  }
}

function problemAt({ calls }: Moment, problem: string): string {
  return `power failure after ${calls} calls: ${problem}`
}

/** Cuts the power at each moment of each schedule, and judges every state that may be left then. */
export async function checkOverlapping(options: OverlappingCheckOptions): Promise<OverlappingCheckResult> {
  const { exploration = {}, maxPreemptions = 2, onProgress } = options
  const check = new OverlappingCheck(options)
  const { strategy = 'bounded' } = exploration
  const bound = strategy === 'bounded' ? { maxPreemptions } : {}
  const found = await explore(check.scenario(onProgress), { ...exploration, ...bound, strategy })
  const [violation] = found.findings
  const { counts, left, takenBack } = check
  const schedules = found.executions + found.pruned
  onProgress?.(schedules, counts)
  return {
    schedules,
    ...counts,
    recovery: left.recovery,
    takenBack,
    isExhaustive: found.isExhaustive && left.isExhaustive,
    violation,
  }
}

/** What is wrong under one schedule: that of a violation, with the options under which it was found. */
export function replayOverlapping(options: OverlappingCheckOptions, schedule: string): string | undefined {
  return replay(new OverlappingCheck(options).scenario(), schedule).problem
}
