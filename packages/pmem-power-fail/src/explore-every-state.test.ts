/** Exploration against the states by their definition, one by one. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { POWER_FAIL_MODELS, PowerFailMemory, type PowerFailModel } from './index.ts'
import { EveryState } from './every-state.test-support.ts'
import {
  SIZES,
  looks,
  seenOnMemory,
  seenOnState,
  steps,
  take,
  type Look,
  type Step,
} from './tried-program.test-support.ts'

function both(model: PowerFailModel, program: readonly Step[]): [PowerFailMemory, EveryState] {
  const media = new Uint8Array(SIZES[model]).fill(1)
  const memory = new PowerFailMemory({ media, model })
  const every = new EveryState(model, media)
  for (const one of program) {
    take(memory, one)
    take(every, one)
  }
  return [memory, every]
}

/** How many states show what: by exploration. */
function explored(memory: PowerFailMemory, look: Look): Map<string, bigint> {
  const counts = new Map<string, bigint>()
  let seen = ''
  const result = memory.cut().explore((left) => (seen = seenOnMemory(left, look)), {
    onClass: (_, states) => counts.set(seen, (counts.get(seen) ?? 0n) + states),
  })
  expect(result.isExhaustive).toBe(true)
  return counts
}

function oneByOne(model: PowerFailModel, every: EveryState, look: Look): Map<string, bigint> {
  const counts = new Map<string, bigint>()
  for (const state of every.states()) {
    const seen = seenOnState(model, state, look)
    counts.set(seen, (counts.get(seen) ?? 0n) + 1n)
  }
  return counts
}

const sorted = (counts: Map<string, bigint>): [string, bigint][] =>
  [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1))

test.each(POWER_FAIL_MODELS)('%s: exploration sees what the states show, each as often', (model) => {
  fc.assert(
    fc.property(steps(model, 4), looks(model, 0), (program, look) => {
      const [memory, every] = both(model, program)
      expect(memory.cut().stateCount).toBe(BigInt(every.states().length))
      expect(sorted(explored(memory, look))).toEqual(sorted(oneByOne(model, every, look)))
    }),
    { numRuns: 150 },
  )
})

test.each(POWER_FAIL_MODELS)('%s: so it does when the power fails again in the check', (model) => {
  fc.assert(
    fc.property(steps(model, 2), looks(model, 1), (program, look) => {
      const [memory, every] = both(model, program)
      expect(sorted(explored(memory, look))).toEqual(sorted(oneByOne(model, every, look)))
    }),
    { numRuns: 60 },
  )
})

test.each(POWER_FAIL_MODELS)(
  '%s: every sample is one of the states, and replays from its choices',
  (model) => {
    fc.assert(
      fc.property(steps(model, 4), fc.nat(1000), (program, seed) => {
        const [memory, every] = both(model, program)
        const failure = memory.cut()
        const content = (storage: PowerFailMemory): string => {
          const bytes = new Uint8Array(storage.size)
          storage.read(0, bytes)
          return bytes.join()
        }
        const sampled = failure.sample(seed)
        const states = new Set(every.states().map((state) => state.join()))
        expect(states.has(content(sampled))).toBe(true)
        expect(content(failure.sample(seed))).toBe(content(sampled))
        const choices = JSON.parse(JSON.stringify(sampled.choices)) as typeof sampled.choices
        expect(content(failure.state(choices))).toBe(content(sampled))
      }),
      { numRuns: 50 },
    )
  },
)
