/** Whether steps that count as independent are: neighbouring ones of a run change places, and everything that can be seen is compared. */
import { createHash } from 'node:crypto'
import { expect } from 'vitest'
import type { PmemProvider } from '@bttkit/interfaces'
import { areDependent } from './explore-access.ts'
import { Execution } from './explore-execution.ts'
import type { Scenario } from './explore-scenario.ts'
import type { ExploredImage } from './explored-image.ts'

/** Tells what every read of the storage returned. */
function listening(memory: PmemProvider, onRead: (what: string) => void): PmemProvider {
  const { name, size, readOnly, capabilities } = memory
  return {
    name,
    size,
    readOnly,
    capabilities,
    read(offset, target) {
      const wait = memory.read(offset, target)
      onRead(`${offset} ${Buffer.from(target).toString('latin1')}`)
      return wait
    },
    write: (offset, source) => memory.write(offset, source),
    flush: () => memory.flush(),
    close: () => memory.close(),
  }
}

/**
 * A scenario that tells at its end all that can be seen of a run: what was read, what was stored, and the verdict.
 *
 * @param makeScenario of parts with this storage
 */
export function observed(
  image: ExploredImage,
  makeScenario: (storage: (memory: PmemProvider) => PmemProvider) => Scenario,
  onEnd: (outcome: string) => void,
): Scenario {
  let reads: string[] = []
  const scenario = makeScenario((memory) => listening(memory, (what) => reads.push(what)))
  const make: Scenario['make'] = (recorder) => {
    reads = []
    const program = scenario.make(recorder)
    const check = (): string | undefined => {
      const stored = image.memory
        .written()
        .map(
          ({ start, end }) =>
            `${start} ${Buffer.from(image.memory.bytes.subarray(start, end)).toString('latin1')}`,
        )
      const hash = createHash('sha256').update([...new Set(stored), ...reads].toSorted().join('\n'))
      const verdict = program.check()
      onEnd(`${hash.digest('hex')} ${verdict}`)
      return verdict
    }
    return { ...program, check }
  }
  return { name: scenario.name, make }
}

/** Runs a scenario to its end; `choose` says which of the tasks that can go on does. */
function run(scenario: Scenario, choose: (enabled: readonly number[], step: number) => number) {
  const execution = new Execution(scenario)
  const steps = []
  try {
    for (;;) {
      const enabled = execution.enabled()
      if (execution.failure() !== undefined || enabled.length === 0) break
      const task = choose(enabled, steps.length)
      steps.push({ task, enabled, touched: execution.step(task).touched })
    }
    return { steps, verdict: execution.failure() ?? execution.verdict() }
  } finally {
    execution.dispose()
  }
}

/**
 * Runs a scenario under a schedule that the numbers choose, and again for each pair of neighbouring steps that count as independent. Returns how many pairs there were.
 *
 * @param outcome what the last run has told
 */
export function expectSwapsToBeTheSame(
  scenario: Scenario,
  choices: readonly number[],
  outcome: () => string,
): number {
  let swaps = 0
  const choose = (enabled: readonly number[], step: number): number =>
    enabled[(choices[step % choices.length] ?? 0) % enabled.length] ?? 0
  const original = run(scenario, choose)
  const expected = { outcome: outcome(), verdict: original.verdict }
  for (const [at, step] of original.steps.entries()) {
    const next = original.steps[at + 1]
    if (next === undefined || next.task === step.task || !step.enabled.includes(next.task)) continue
    if (areDependent(step.touched, next.touched)) continue
    const order = original.steps.map(({ task }) => task)
    order.splice(at, 2, next.task, step.task)
    const touched = original.steps.map((each) => each.touched)
    touched.splice(at, 2, next.touched, step.touched)
    const swapped = run(scenario, (_, index) => order[index] ?? -1)
    expect(swapped.steps.map((each) => each.touched)).toEqual(touched)
    expect({ outcome: outcome(), verdict: swapped.verdict }).toEqual(expected)
    swaps++
  }
  return swaps
}
