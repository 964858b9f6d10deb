/** Runs one schedule up to its power failure, and says what is wrong with what that left, what led there, and which stores survived. */
import {
  describeDeviceAccess,
  replay,
  type Access,
  type ReplayedStep,
  type StepRecorder,
} from '@bttkit/checker-lanes'
import type { ArenaInfo, CallStage, Engine } from '@bttkit/interfaces'
import type { UnitFate } from '@bttkit/pmem-power-fail'
import { OverlappingCheck, type Moment, type OverlappingRun } from './check-overlapping.ts'
import { sectorsOf } from './crash-operation.ts'
import { overlappingOptions, type CrashProgram, type CrashSetting } from './crash-program.ts'
import { NotingStorage, type NotedCall } from './noting-storage.ts'
import { storeFates, type StoreFate } from './store-fates.ts'

/** A schedule that goes wrong, as plain data. */
export interface CrashCase {
  readonly program: CrashProgram
  /** Ends with the step in which the power fails. */
  readonly schedule: string
  /** The moment, from 0, and what becomes of what is in flight: see `PowerFailure.state`. Absent where it goes wrong while the power is on. */
  readonly powerFailure?: CrashedMoment | undefined
  readonly problem: string
}

export interface CrashedMoment {
  readonly point: number
  readonly choices: readonly UnitFate[]
}

/** A call on the storage in a replayed schedule. */
export interface CrashCall extends Omit<NotedCall, 'bytes'> {
  /** From 1. */
  readonly step: number
  /** The sectors of the operation that made the call. */
  readonly lbas: readonly number[]
  /** In words. */
  readonly text: string
}

/** A store that was in flight. */
export interface CrashedStore {
  readonly step: number
  readonly stage: CallStage | null
  readonly lane: number | null
  readonly lbas: readonly number[]
  readonly fate: StoreFate<never>['fate']
}

export interface CrashStep {
  readonly task: number
  /** Of the task. */
  readonly name: string
  readonly calls: readonly CrashCall[]
  /** Whether an operation ended in it: from then on its work must survive. */
  readonly ends: boolean
}

export interface ReplayedCase {
  /** `undefined`: nothing is wrong now. */
  readonly problem: string | undefined
  readonly steps: readonly CrashStep[]
  readonly hasPowerFailure: boolean
  /** What was in flight when the power failed. */
  readonly stores: readonly CrashedStore[]
}

/** Calls with their bytes, while they are needed. */
type HeldCall = CrashCall & NotedCall

class CaseRun {
  readonly check: OverlappingCheck
  readonly calls: HeldCall[] = []
  private run: OverlappingRun | undefined
  private recorder: StepRecorder | undefined

  constructor(program: CrashProgram, setting: CrashSetting) {
    const options = overlappingOptions(program, setting)
    this.check = new OverlappingCheck({ ...options, engine: this.watched(options.engine) })
  }

  /** The steps, and what is wrong where no power failure is needed for it. */
  replay(schedule: string): { steps: readonly ReplayedStep[]; problem: string | undefined } {
    const make = (recorder: StepRecorder): OverlappingRun => {
      this.recorder = recorder
      this.run = this.check.makeRun(recorder)
      return { ...this.run, check: () => undefined }
    }
    return replay({ name: 'power failure', make }, schedule)
  }

  get moments(): readonly Moment[] {
    return this.run?.moments ?? []
  }

  /** The same engine, on storage that tells of the calls of tasks. */
  private watched(engine: Engine): Engine {
    return {
      attach: (provider, options) =>
        engine.attach(new NotingStorage(provider, (call) => this.note(call)), options),
      join: (provider, share) => engine.join(provider, share),
      create: (provider, options) => engine.create(provider, options),
    }
  }

  private note(call: NotedCall): void {
    const { task, step } = this.recorder ?? {}
    if (task === undefined || step === undefined || task < 0) return
    const lbas = this.lbasOf(call, task)
    this.calls.push({ ...call, step, lbas, text: this.describe(call, lbas) })
  }

  private arenaAt(offset: number): ArenaInfo | undefined {
    return this.check.device.info.arenas.findLast((arena) => arena.offset <= offset)
  }

  private lbasOf({ kind, stage }: NotedCall, task: number): number[] {
    if (stage === undefined || kind === 'flush') return []
    const operation = this.run?.operations[task]?.find(
      ({ start, end }) => start < Infinity && end === Infinity,
    )
    return operation === undefined ? [] : sectorsOf(operation.what, this.check.device)
  }

  private describe({ kind, offset, length, stage, lane }: NotedCall, lbas: readonly number[]): string {
    const place = lane === undefined ? '' : `in lane ${lane}, `
    // It takes effect when the task goes on.
    if (kind === 'flush') return `${place}start flush${stage === undefined ? '' : ` of ${stage}`}`
    const arena = this.arenaAt(offset)
    const access: Access = { object: 'provider', kind, start: offset, end: offset + length }
    const what = arena === undefined ? `${kind} bytes ${offset}` : describeDeviceAccess(access, arena)
    return `${place}${what}${stage === 'map' ? '' : ofSectors(lbas)}`
  }
}

function ofSectors(lbas: readonly number[]): string {
  const [first, last] = [lbas[0], lbas.at(-1)]
  if (first === undefined) return ''
  return first === last ? ` for LBA ${first}` : ` for LBAs ${first} to ${last}`
}

function withoutBytes(held: HeldCall): CrashCall {
  const { bytes: _, ...call } = held
  return call
}

/** The steps at which an operation ended. */
function endsOf(moments: readonly Moment[]): Set<number> {
  const ends = new Set<number>()
  let before = 0
  for (const { step, operations } of moments) {
    const ended = operations.filter(({ end }) => end < Infinity).length
    if (ended > before) ends.add(step)
    before = ended
  }
  return ends
}

/**
 * Runs a case again.
 *
 * @throws {RangeError} {TypeError} where the schedule, the moment or the choices do not fit the program; what the engine throws for a program that does not fit the image
 */
export function replayCase(
  { program, schedule, powerFailure }: Omit<CrashCase, 'problem'>,
  setting: CrashSetting,
): ReplayedCase {
  const run = new CaseRun(program, setting)
  const { steps, problem } = run.replay(schedule)
  const moment = powerFailure && run.moments[powerFailure.point]
  if (powerFailure !== undefined && moment === undefined)
    throw new RangeError(`the schedule has no moment ${powerFailure.point}`)
  const before = run.moments.slice(0, (powerFailure?.point ?? Infinity) + 1)
  const calls = run.calls.slice(0, moment?.calls)
  const ends = endsOf(before)
  const shown = steps.map(({ task, name }, index) => ({
    task,
    name,
    calls: calls.filter(({ step }) => step === index + 1).map(withoutBytes),
    ends: ends.has(index + 1),
  }))
  if (powerFailure === undefined || moment === undefined)
    return { problem, steps: shown, hasPowerFailure: false, stores: [] }
  const left = moment.failure.state(powerFailure.choices)
  const stores = calls.flatMap(({ bytes, ...call }) => (bytes === undefined ? [] : [{ ...call, bytes }]))
  return {
    problem: run.check.judgeState(moment, left),
    steps: shown,
    hasPowerFailure: true,
    stores: storeFates(stores, left, moment.failure.state([])).map(({ store, fate }) => {
      const { step, stage = null, lane = null, lbas } = store
      return { step, stage, lane, lbas, fate }
    }),
  }
}
