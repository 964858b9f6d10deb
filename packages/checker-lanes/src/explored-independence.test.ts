import fc from 'fast-check'
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import type { PmemProvider } from '@bttkit/interfaces'
import { areDependent } from './explore-access.ts'
import { Execution } from './explore-execution.ts'
import type { Scenario } from './explore-scenario.ts'
import { explore } from './explore.ts'
import { deviceScenario, type DeviceScenarioOptions } from './explored-device.ts'
import { ExploredImage } from './explored-image.ts'
import { pairOf } from './explored-pairs.test-support.ts'
import { partsWith, sectors, sharedParts } from './lane-scenarios.ts'

const image = new ExploredImage()

const partsOf = {
  mutex: () => partsWith('mutex'),
  shared: sharedParts,
  'recursion-count': () => partsWith('recursion-count', { cpuCount: 2 }),
}

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

/** A scenario that tells at its end all that can be seen of a run: what was read, what was stored, and the verdict. */
function observed(options: DeviceScenarioOptions, onEnd: (outcome: string) => void): Scenario {
  let reads: string[] = []
  const scenario = deviceScenario(image, {
    ...options,
    makeParts: () => ({
      ...options.makeParts(),
      storage: (memory) => {
        reads = []
        return listening(memory, (what) => reads.push(what))
      },
    }),
  })
  const make: Scenario['make'] = (recorder) => {
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

test('of a zeroing and a read nothing that can happen is left out', async () => {
  const outcomesOf = async (maxPreemptions?: number): Promise<Set<string>> => {
    const outcomes = new Set<string>()
    const makeParts = partsOf.mutex
    const options = { name: 'zero, read', tasks: pairOf('zero, read'), laneCount: 2, makeParts }
    const scenario = observed(options, (outcome) => outcomes.add(outcome))
    const result = await explore(scenario, { maxPreemptions })
    expect(result.isExhaustive).toBe(true)
    return outcomes
  }
  const outcomes = await outcomesOf()
  expect(outcomes).toEqual(await outcomesOf(Infinity))
  // The old content or zeros, by two looks at the map that agree or do not.
  expect(outcomes.size).toBeGreaterThan(2)
})

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

const operation = fc.record({
  kind: fc.constantFrom('write' as const, 'zero' as const, 'read' as const),
  lba: fc.constantFrom(3, 4, 20),
  count: fc.constantFrom(1, 1, 2),
})

const programs = fc.record({
  tasks: fc.array(fc.array(operation, { minLength: 1, maxLength: 2 }), { minLength: 2, maxLength: 3 }),
  laneCount: fc.constantFrom(1, 2, 3),
  lanes: fc.constantFrom('mutex' as const, 'shared' as const, 'recursion-count' as const),
  choices: fc.array(fc.nat(5), { minLength: 40, maxLength: 40 }),
})

test('steps that count as independent can change places: everything else stays as it was', () => {
  let swaps = 0
  fc.assert(
    fc.property(programs, ({ tasks, laneCount, lanes, choices }) => {
      let fill = 0
      let outcome = ''
      const scenario = observed(
        {
          name: 'random',
          tasks: tasks.map((ofTask) =>
            ofTask.map(({ kind, lba, count }) => sectors(kind, lba, count, ++fill)),
          ),
          laneCount,
          hints: [0, 0, 1],
          makeParts: partsOf[lanes],
        },
        (seen) => (outcome = seen),
      )
      const choose = (enabled: readonly number[], step: number): number =>
        enabled[(choices[step % choices.length] ?? 0) % enabled.length] ?? 0
      const original = run(scenario, choose)
      const expected = { outcome, verdict: original.verdict }
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
        expect({ outcome, verdict: swapped.verdict }).toEqual(expected)
        swaps++
      }
    }),
    { numRuns: 100 },
  )
  expect(swaps).toBeGreaterThan(500)
})
