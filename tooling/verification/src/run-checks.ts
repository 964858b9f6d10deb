/**
 * The program of a process that checks one mutant, or the engine as it is. Prints a line of JSON before and after each check, and ends at the first that
 * finds something. See patch-modules.ts.
 */
import type { Verdict } from './checks/check.ts'
import { CHECKS } from './checks/checks.ts'
import { parseJob, patchesOf } from './job.ts'
import { INJECTED_MUTANTS } from './mutants/injected-mutants.ts'
import { subjectOf } from './subject.ts'

function say(line: object): void {
  const json = JSON.stringify(line, (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  )
  process.stdout.write(`${json}\n`)
}

const job = parseJob(process.argv[2])
const injected = INJECTED_MUTANTS.find(({ name }) => name === job.mutant)
if (
  job.mutant !== undefined &&
  injected === undefined &&
  patchesOf({ ...job, hasSmallArenas: false }).length === 0
)
  throw new Error(`there is no mutant "${job.mutant}"`)
const subject = subjectOf(injected?.injection)
for (const { name, checker, needsSmallArenas = false, run } of CHECKS) {
  if (needsSmallArenas !== job.hasSmallArenas || job.checks?.includes(name) === false) continue
  say({ check: name, checker })
  const startMs = performance.now()
  // What a check throws is a finding too: the engine as it is throws nothing.
  const verdict: Verdict = await Promise.resolve(subject)
    .then(run)
    .catch((error: unknown) => ({ problem: String(error), runs: 1, states: 1n, isComplete: false }))
  const ms = Math.round(performance.now() - startMs - (verdict.shrinkingMs ?? 0))
  say({ check: name, ms, ...verdict })
  if (verdict.problem !== undefined) break
}
