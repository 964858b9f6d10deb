/** Judges every state that a power failure may leave at each of some points, and counts them. What a point is, and what must be true after it, others say. */
import type { PowerFailMemory, PowerFailure, UnitFate } from '@bttkit/pmem-power-fail'

/** A moment at which the power fails, and how to judge what is left. */
export interface CrashPoint {
  /** The number of the operation that was under way, or had just ended. */
  readonly operation: number
  /** What fails, and when, for people. */
  readonly when: string
  readonly failure: PowerFailure
  /** Recovers, and says what is wrong in one sentence, or `undefined`. `onRecoveryStore` is told after each store of the recovery. */
  judge(storage: PowerFailMemory, onRecoveryStore?: () => void): string | undefined
}

export interface ExplorePointsOptions {
  /** Whether the power fails again after each store of the recovery. Default false. */
  readonly duringRecovery?: boolean | undefined
  /** Classes of states for each point; what is left then is sampled, as often. Default: all. */
  readonly limit?: number | undefined
  /** Of the samples: a whole number from 0 to 2^53. Default 0. */
  readonly seed?: number | undefined
  /** After so many violations no others are looked for. Default 1. */
  readonly mostViolations?: number | undefined
}

/** What the power failure at one point left: enough to see it again. Plain JSON. */
export interface CrashState {
  /** The number of the point, from 0 on. */
  readonly point: number
  readonly choices: readonly UnitFate[]
  /** Where the power failed again in the recovery: the number of the store, from 0 on. */
  readonly recovery?: { readonly point: number; readonly choices: readonly UnitFate[] }
}

export interface CrashViolation extends CrashState {
  /** The number of the operation in the workload. */
  readonly operation: number
  /** In one sentence: when the power failed, and what is wrong afterwards. */
  readonly problem: string
}

export interface CrashCounts {
  /** Moments at which the power was cut. */
  readonly points: number
  /** States that the checks could tell apart. */
  readonly classes: number
  /** States that these classes stand for. */
  readonly states: bigint
}

export interface CrashCheckResult extends CrashCounts {
  /** The same for power failures in recoveries. */
  readonly recovery: CrashCounts
  readonly samples: number
  /** Whether all states at all points were judged. */
  readonly isExhaustive: boolean
  readonly violations: readonly CrashViolation[]
}

/** Ends the exploration. */
class EnoughViolations extends Error {}

interface Counts {
  points: number
  classes: number
  states: bigint
}

const none = (): Counts => ({ points: 0, classes: 0, states: 0n })

class Exploration {
  private readonly options: ExplorePointsOptions
  private readonly counts = none()
  private readonly recovery = none()
  private samples = 0
  private isExhaustive = true
  private readonly violations: CrashViolation[] = []

  constructor(options: ExplorePointsOptions) {
    this.options = options
  }

  run(points: Iterable<CrashPoint>): CrashCheckResult {
    try {
      for (const point of points) this.explorePoint(point)
    } catch (error) {
      if (!(error instanceof EnoughViolations)) throw error
      this.isExhaustive = false
    }
    const { counts, recovery, samples, isExhaustive, violations } = this
    return { ...counts, recovery, samples, isExhaustive, violations }
  }

  private explorePoint(point: CrashPoint): void {
    const number = this.counts.points++
    let statesOfRecovery = 0n
    const check = (storage: PowerFailMemory): void => {
      const failures: PowerFailure[] = []
      const problem = point.judge(storage, () => void failures.push(storage.cut()))
      if (problem !== undefined) this.note(point, problem, { point: number, choices: storage.choices })
      statesOfRecovery =
        this.options.duringRecovery === true ? this.exploreRecovery(point, number, storage, failures) : 0n
    }
    this.explore(this.counts, point.failure, check, (states) => {
      this.recovery.states += states * statesOfRecovery
    })
  }

  /** Lets the power fail again at each store of a recovery. Returns how many states that leaves, in each state that the first failure left. */
  private exploreRecovery(
    point: CrashPoint,
    number: number,
    storage: PowerFailMemory,
    failures: readonly PowerFailure[],
  ): bigint {
    const counts = none()
    for (const [index, failure] of failures.entries()) {
      this.recovery.points++
      this.explore(counts, failure, (left) => {
        const problem = point.judge(left)
        if (problem === undefined) return
        const recovery = { point: index, choices: left.choices }
        this.note(point, problem, { point: number, choices: storage.choices, recovery })
      })
    }
    this.recovery.classes += counts.classes
    return counts.states
  }

  private explore(
    counts: Counts,
    failure: PowerFailure,
    check: (storage: PowerFailMemory) => void,
    onClass?: (states: bigint) => void,
  ): void {
    const { limit, seed } = this.options
    const found = failure.explore(check, {
      ...(limit !== undefined && { limit }),
      ...(seed !== undefined && { seed }),
      onClass: (_, states) => onClass?.(states),
    })
    counts.classes += found.classes
    counts.states += found.states
    this.samples += found.samples
    this.isExhaustive &&= found.isExhaustive
  }

  private note({ operation, when }: CrashPoint, problem: string, state: CrashState): void {
    const again =
      state.recovery === undefined ? '' : `, and again after store ${state.recovery.point} of the recovery`
    this.violations.push({ operation, problem: `${when}${again}: ${problem}`, ...state })
    if (this.violations.length >= (this.options.mostViolations ?? 1)) throw new EnoughViolations()
  }
}

export function explorePoints(points: Iterable<CrashPoint>, options: ExplorePointsOptions): CrashCheckResult {
  return new Exploration(options).run(points)
}

/** What is wrong in one state, or `undefined`. @throws {TypeError} for a state that these points do not lead to. */
export function replayPoint(points: Iterable<CrashPoint>, state: CrashState): string | undefined {
  const point = [...points][state.point]
  if (point === undefined) throw new TypeError(`there is no point ${state.point}`)
  const storage = point.failure.state(state.choices)
  const failures: PowerFailure[] = []
  const problem = point.judge(storage, () => void failures.push(storage.cut()))
  if (state.recovery === undefined) return problem
  const failure = failures[state.recovery.point]
  if (failure === undefined) throw new TypeError(`the recovery has no store ${state.recovery.point}`)
  return point.judge(failure.state(state.recovery.choices))
}
