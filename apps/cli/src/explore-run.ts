/** Explores the programs of a request until one goes wrong, and makes that one small. */
import type { DeviceProgram } from '@bttkit/checker-lanes'
import { eventLoopTurn } from './event-loop-turn.ts'
import { CrashExplorer } from './explore-crashes.ts'
import type { ExploredCounts, Finding, ProgramExplorer } from './explore-finding.ts'
import { LaneExplorer } from './explore-lanes.ts'
import { allPrograms, randomPrograms } from './explore-programs.ts'
import type { ExploreRequest, ExploreSurroundings } from './explore-request.ts'

export interface ExploreReport
  extends Omit<ExploreRequest, 'limitMs' | 'maxPreemptions' | 'seed' | 'model'>, ExploredCounts {
  readonly verdict: 'clean' | 'wrong'
  readonly model: string | null
  readonly maxPreemptions: number | null
  readonly seed: number | null
  /** Programs that were begun. */
  readonly programs: number
  /** Without those that it took to make the finding small. */
  readonly seconds: number
  /** Whether the finding was made as small as it gets; `null` without one. */
  readonly isSmallest: boolean | null
  readonly finding: Finding['shown'] | null
}

export interface Explored {
  readonly report: ExploreReport
  readonly finding: Finding | undefined
}

/** What a timer can wait. */
const LONGEST_MS = 2 ** 31 - 1

/** A signal that ends at a limit of time, or with another one. */
export function endAfter(limitMs: number, signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(Math.min(limitMs, LONGEST_MS))])
}

/** Explores programs until one goes wrong or the signal comes. Returns how many were begun, how to make small what goes wrong, and whether the programs came to an end. */
async function exploreEach(
  programs: Iterable<DeviceProgram>,
  explorer: ProgramExplorer,
  signal: AbortSignal,
): Promise<{ begun: number; found: (() => Promise<Finding>) | undefined; isOver: boolean }> {
  let begun = 0
  for (const program of programs) {
    await eventLoopTurn()
    if (signal.aborted) return { begun, found: undefined, isOver: false }
    begun++
    const found = await explorer.explore(program)
    if (found !== undefined) return { begun, found, isOver: false }
  }
  return { begun, found: undefined, isOver: true }
}

/** Explores until something goes wrong, everything was explored, or the time is over. */
export async function explorePrograms(
  request: ExploreRequest,
  { signal, onProgress }: ExploreSurroundings,
): Promise<Explored> {
  const { limitMs, maxPreemptions = null, seed = null, model, ...setting } = request
  const startedMs = performance.now()
  const end = endAfter(limitMs, signal)
  const surroundings = { signal: end, onProgress }
  const programs = seed === null ? allPrograms(request) : randomPrograms(request, seed)
  const explorer =
    model === undefined
      ? new LaneExplorer(request, surroundings)
      : new CrashExplorer(model, request, surroundings)
  const { begun, found, isOver } = await exploreEach(programs, explorer, end)
  const seconds = (performance.now() - startedMs) / 1000
  const { counts } = explorer
  const finding = await found?.()
  const report: ExploreReport = {
    verdict: found === undefined ? 'clean' : 'wrong',
    ...setting,
    model: model ?? null,
    maxPreemptions,
    seed,
    ...counts,
    isExhaustive: isOver && counts.isExhaustive,
    programs: begun,
    seconds,
    isSmallest: finding === undefined ? null : !end.aborted,
    finding: finding?.shown ?? null,
  }
  return { report, finding }
}
