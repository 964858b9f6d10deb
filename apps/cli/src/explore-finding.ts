import type { CrashCase, CrashedStore } from '@bttkit/checker-crash'
import type { DeviceProgram, ReplayFile } from '@bttkit/checker-lanes'

interface Shown {
  /** A column a task, a row a step. */
  readonly diagram: string
}

/** What goes wrong while the power is on. */
interface ExploredProblem extends ReplayFile, Shown {
  /** From 1: the first step after which every schedule is wrong; `null` where that is not known. */
  readonly guiltyStep: number | null
}

/** What goes wrong with a power failure. */
export interface ExploredCrash extends CrashCase, Shown {
  /** What was in flight when the power failed. */
  readonly stores: readonly CrashedStore[]
}

/** What goes wrong, in all its forms. */
export interface Finding {
  readonly shown: ExploredProblem | ExploredCrash
  /** For `--replay`. */
  readonly file: string
  /** For Perfetto. */
  readonly trace: string
}

/** What an exploration has run so far. */
export interface ExploredCounts {
  /** Schedules that ran to their end. */
  readonly schedules: number
  /** Schedules that were broken off, because whatever could follow had been covered. */
  readonly pruned: number
  /** `null` with a model. */
  readonly steps: number | null
  /** Whether every schedule of every program so far was covered, and with a model every state. */
  readonly isExhaustive: boolean
  /** `null` while the power stays on. */
  readonly powerFailures: ExploredFailures | null
}

export interface ExploredFailures {
  /** Moments at which the power was cut. */
  readonly points: number
  /** States that were judged, no two of which the checks could not tell apart. */
  readonly classes: number
  /** The states that these stand for; rounded above 2^53. */
  readonly states: number
}

/** Explores programs, one after the other. */
export interface ProgramExplorer {
  readonly counts: ExploredCounts
  /** Returns how to make small what goes wrong, or `undefined`. */
  explore(program: DeviceProgram): Promise<(() => Promise<Finding>) | undefined>
}
