/** What a process of its own is to check. Imports no production code: the hooks that patch it need the job before anything of it is loaded. */
import { PATCHED_MUTANTS } from './mutants/patched-mutants.ts'
import type { SourcePatch } from './mutants/mutant.ts'

export interface Job {
  /** Absent: the engine as it is. */
  readonly mutant?: string | undefined
  /** Names of checks. Absent: all that go with these arenas. */
  readonly checks?: readonly string[] | undefined
  /** Whether arenas are cut at a few MiB in place of 512 GiB, so that several can be created in memory. */
  readonly hasSmallArenas: boolean
}

/** Creation cuts the storage into arenas of at most this size. Nothing but the size is different. */
const SMALL_ARENAS: SourcePatch = {
  file: 'packages/btt-format/src/layout.ts',
  find: 'export const MAX_ARENA_BYTES = 512 * 2 ** 30',
  replace: 'export const MAX_ARENA_BYTES = 17 * 2 ** 20',
}

export function patchesOf({ mutant, hasSmallArenas }: Job): SourcePatch[] {
  const patched = PATCHED_MUTANTS.find(({ name }) => name === mutant)
  return [...(patched === undefined ? [] : [patched.patch]), ...(hasSmallArenas ? [SMALL_ARENAS] : [])]
}

export function parseJob(json: string | undefined): Job {
  if (json === undefined) throw new TypeError('a job is missing')
  const job: Job = JSON.parse(json)
  return job
}
