/**
 * Power failures at each moment of operations that overlap: schedules with few preemptions, and in each of them every state that may be left after each store and at the end
 * of each operation.
 *
 * Stateless: each schedule is run from the start. A moment that was reached in the same way before is not judged again.
 */
import type { BttDevice, Engine, Sleepable } from '@bttkit/interfaces'
import { explore, replay, type Program, type Scenario, type StepRecorder } from '@bttkit/checker-lanes'
import { PowerFailMemory, type PowerFailModel, type PowerFailure } from '@bttkit/pmem-power-fail'
import { runAtomic, runBlocking } from '@bttkit/sleepable'
import { BijectionJudge } from './bijection-judge.ts'
import { describeOperation, perform, sectorsOf, type CrashOperation } from './crash-operation.ts'
import { ExpectedSectors, readSector } from './expected-sectors.ts'
import { mayHold, type OverlappingOperation } from './overlapping-operations.ts'
import { SteppingStorage } from './stepping-storage.ts'

export interface OverlappingCheckOptions {
  readonly engine: Engine
  /** Bytes with a BTT. They are not changed. */
  readonly image: Uint8Array
  readonly model: PowerFailModel
  /** What each task does, one operation after another. */
  readonly tasks: readonly (readonly CrashOperation[])[]
  /** How often a task that could go on is interrupted. Default 2. */
  readonly maxPreemptions?: number | undefined
  /** Classes of states for each moment; what is left then is sampled, as often. Default: all. */
  readonly limit?: number | undefined
}

export interface OverlappingCheckResult {
  readonly schedules: number
  /** Moments at which the power was cut. */
  readonly points: number
  readonly classes: number
  readonly states: bigint
  /** Whether all schedules within the bound were run, and all states judged. */
  readonly isExhaustive: boolean
  /** The first problem, and the schedule that leads to it: for `replayOverlapping`. */
  readonly violation: { readonly problem: string; readonly schedule: string } | undefined
}

/** A moment in a run. */
interface Moment {
  /** How it was reached: whose call or operation came after whose. */
  readonly path: string
  readonly failure: PowerFailure
  readonly operations: readonly OverlappingOperation[]
}

class OverlappingCheck {
  points = 0
  classes = 0
  states = 0n
  isExhaustive = true
  private readonly options: OverlappingCheckOptions
  private readonly start: PowerFailMemory
  private readonly before: ExpectedSectors
  private readonly bijection = new BijectionJudge()
  private readonly judged = new Set<string>()

  constructor(options: OverlappingCheckOptions) {
    this.options = options
    const { engine, image, model, tasks } = options
    this.start = new PowerFailMemory({ media: image, model })
    const device = runAtomic(engine.attach(this.start))
    this.start.flush()
    const lbas = tasks.flat().flatMap((operation) => sectorsOf(operation, device))
    this.before = ExpectedSectors.of(device, new Set(lbas))
  }

  scenario(): Scenario {
    return { name: 'overlapping operations', make: (recorder) => this.makeProgram(recorder) }
  }

  private makeProgram(recorder: StepRecorder): Program {
    const memory = this.start.copy()
    const moments: Moment[] = []
    let path = ''
    let now = 0
    const runs = this.options.tasks.map((operations) =>
      operations.map((operation) => ({ operation, start: Infinity, end: Infinity })),
    )
    const keep = (): void =>
      void moments.push({ path, failure: memory.cut(), operations: runs.flat().map((run) => ({ ...run })) })
    const storage = new SteppingStorage(memory, (isStore) => {
      path += `${recorder.task},`
      if (isStore) keep()
    })
    const device = runBlocking(this.options.engine.attach(storage))
    moments.length = 0
    function* inTurn(ofTask: (typeof runs)[number]): Sleepable<void> {
      for (const run of ofTask) {
        run.start = now++
        yield* perform(device, run.operation)
        run.end = now++
        path += `end ${recorder.task},`
        keep()
      }
    }
    return {
      tasks: runs.map((ofTask) => ({
        name: ofTask.map(({ operation }) => describeOperation(operation)).join(' and '),
        operation: inTurn(ofTask),
      })),
      check: () => this.judgeMoments(moments),
    }
  }

  private judgeMoments(moments: readonly Moment[]): string | undefined {
    for (const { path, failure, operations } of moments) {
      if (this.judged.has(path)) continue
      this.judged.add(path)
      this.points++
      let problem: string | undefined
      const { limit } = this.options
      const { classes, states, isExhaustive } = failure.explore(
        (left) => void (problem ??= this.judge(left, operations)),
        limit === undefined ? {} : { limit },
      )
      this.classes += classes
      this.states += states
      this.isExhaustive &&= isExhaustive
      if (problem !== undefined) return `power failure after ${path.split(',').length - 1} calls: ${problem}`
    }
    return undefined
  }

  private judge(left: PowerFailMemory, operations: readonly OverlappingOperation[]): string | undefined {
    let device: BttDevice
    try {
      device = runAtomic(this.options.engine.attach(left))
    } catch (error) {
      return `it cannot be attached: ${String(error)}`
    }
    for (const lba of this.before.lbas())
      if (!mayHold(readSector(device, lba), this.before.contentOf(lba), lba, operations, device))
        return `no order of the operations explains what LBA ${lba} holds`
    return this.bijection.judge(left, device)
  }
}

/** Cuts the power at each moment of each schedule, and judges every state that may be left then. */
export async function checkOverlapping(options: OverlappingCheckOptions): Promise<OverlappingCheckResult> {
  const check = new OverlappingCheck(options)
  const found = await explore(check.scenario(), { maxPreemptions: options.maxPreemptions ?? 2 })
  const [finding] = found.findings
  const { points, classes, states } = check
  return {
    schedules: found.executions + found.pruned,
    points,
    classes,
    states,
    isExhaustive: found.isExhaustive && check.isExhaustive,
    violation: finding && { problem: finding.problem, schedule: finding.schedule },
  }
}

/** What is wrong under one schedule: that of a violation, with the options under which it was found. */
export function replayOverlapping(options: OverlappingCheckOptions, schedule: string): string | undefined {
  return replay(new OverlappingCheck(options).scenario(), schedule).problem
}
