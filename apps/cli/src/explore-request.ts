import type { PowerFailModel } from '@bttkit/pmem-power-fail'
import type { StressLanes } from './stress-request.ts'

/** Each write of a program has a number from 1 to 7, by which its sectors are known. */
export const MOST_EXPLORED_OPERATIONS = 7
/** That of the image that is explored. */
export const MOST_EXPLORED_LANES = 4

/** What `btt explore` was asked to explore. */
export interface ExploreRequest {
  readonly lanes: StressLanes
  readonly laneCount: number
  readonly tasks: number
  /** Of each task. */
  readonly operations: number
  /** What power failures may leave; absent where the power stays on. */
  readonly model: PowerFailModel | undefined
  readonly strategy: 'exhaustive' | 'bounded' | 'pct' | 'random'
  /** For `bounded`. */
  readonly maxPreemptions: number | undefined
  /** For `pct` and `random`. */
  readonly seed: number | undefined
  /** Making small what was found included. */
  readonly limitMs: number
}

/** What an exploration needs from whoever asked for it. */
export interface ExploreSurroundings {
  /** Ends it early, with a report of what was found so far. */
  readonly signal: AbortSignal
  /** Called now and then with the schedules that were begun; with a model, with the states that were judged. */
  readonly onProgress: (count: number) => void
}
