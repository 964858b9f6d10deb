import type { StressLanes } from './stress-request.ts'

/** Each write of a program has a number from 1 to 7, by which its sectors are known. */
export const MOST_EXPLORED_OPERATIONS = 7

/** What `btt explore` was asked to explore. */
export interface ExploreRequest {
  readonly lanes: StressLanes
  readonly laneCount: number
  readonly tasks: number
  /** Of each task. */
  readonly operations: number
  readonly strategy: 'exhaustive' | 'bounded' | 'pct' | 'random'
  /** For `bounded`. */
  readonly maxPreemptions: number | undefined
  /** For `pct` and `random`. */
  readonly seed: number | undefined
  readonly limitMs: number
}

/** What an exploration needs from whoever asked for it. */
export interface ExploreSurroundings {
  /** Ends it early, with a report of what was found so far. */
  readonly signal: AbortSignal
  /** Called now and then with the schedules that were begun. */
  readonly onProgress: (schedules: number) => void
}
