/** Random small programs on storage, and what they see of it: the same on the simulated storage and on each state by itself. */
import fc from 'fast-check'
import type { PowerFailMemory, PowerFailModel } from './index.ts'
import { EveryState, type TriedStorage } from './every-state.test-support.ts'

export type Step =
  | { readonly kind: 'write'; readonly offset: number; readonly bytes: readonly number[] }
  | { readonly kind: 'persist'; readonly offset: number; readonly length: number }
  | { readonly kind: 'flush' }

/** What a check does: changes, and reads whose place depends on what was read before; then perhaps the power fails again. */
export interface Look {
  readonly before: readonly (
    | Step
    | { readonly kind: 'read'; readonly offset: number; readonly length: number }
  )[]
  readonly afterNextFailure: Look | undefined
}

/** Bytes of storage, around a border of units in its middle. */
export const SIZES: Record<PowerFailModel, number> = {
  px86: 128,
  'px86-non-temporal': 128,
  'torn-512': 1024,
  'atomic-4096': 8192,
  buffered: 128,
  strict: 128,
}

const offsets = (model: PowerFailModel): fc.Arbitrary<number> =>
  fc.integer({ min: SIZES[model] / 2 - 16, max: SIZES[model] / 2 + 8 })

const step = (model: PowerFailModel): fc.Arbitrary<Step> =>
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('write' as const),
        offset: offsets(model),
        // Few values, so that a store may change nothing.
        bytes: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 20 }),
      }),
    },
    {
      weight: model.startsWith('px86') ? 1 : 0,
      arbitrary: fc.record({
        kind: fc.constant('persist' as const),
        offset: offsets(model),
        length: fc.integer({ min: 0, max: 9 }),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ kind: 'flush' as const }) },
  )

export const steps = (model: PowerFailModel, maxLength: number): fc.Arbitrary<Step[]> =>
  fc.array(step(model), { maxLength })

export function looks(model: PowerFailModel, failures: number): fc.Arbitrary<Look> {
  const read = fc.record({
    kind: fc.constant('read' as const),
    offset: offsets(model),
    length: fc.integer({ min: 1, max: 9 }),
  })
  return fc.record({
    before: fc.array(fc.oneof({ weight: 3, arbitrary: read }, { weight: 1, arbitrary: step(model) }), {
      minLength: 1,
      maxLength: failures > 0 ? 3 : 5,
    }),
    afterNextFailure: failures > 0 ? looks(model, failures - 1) : fc.constant(undefined),
  })
}

export function take(storage: TriedStorage, one: Step): void {
  if (one.kind === 'write') storage.write(one.offset, Uint8Array.from(one.bytes))
  else if (one.kind === 'flush') storage.flush()
  else storage.persist?.(one.offset, one.length)
}

/** Does what the look says up to the next failure; returns what it saw. */
function lookBefore(storage: TriedStorage, { before }: Look): string[] {
  const seen: string[] = []
  let shift = 0
  for (const one of before) {
    if (one.kind === 'read') {
      const bytes = new Uint8Array(one.length)
      storage.read(one.offset + shift, bytes)
      seen.push(bytes.join())
      shift = bytes.reduce((sum, byte) => sum + byte, 0) % 4
    } else take(storage, one)
  }
  return seen
}

/** What is seen on simulated storage. What comes after another failure is seen as a set. */
export function seenOnMemory(storage: PowerFailMemory, look: Look): string {
  const seen = lookBefore(storage, look)
  const { afterNextFailure } = look
  if (afterNextFailure === undefined) return JSON.stringify(seen)
  const later = new Set<string>()
  storage.cut().explore((left) => void later.add(seenOnMemory(left, afterNextFailure)))
  return JSON.stringify([seen, [...later].toSorted()])
}

/** The same on one state. */
export function seenOnState(model: PowerFailModel, state: Uint8Array, look: Look): string {
  const storage = new EveryState(model, state)
  const seen = lookBefore(storage, look)
  const { afterNextFailure } = look
  if (afterNextFailure === undefined) return JSON.stringify(seen)
  const later = new Set(storage.states().map((left) => seenOnState(model, left, afterNextFailure)))
  return JSON.stringify([seen, [...later].toSorted()])
}
