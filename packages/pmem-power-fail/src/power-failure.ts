import { createHash } from 'node:crypto'
import { InvariantError } from '@bttkit/interfaces'
import { ChoiceSearch } from './choice-search.ts'
import type { Aftermath, Choose, FailureStates, UnitFate } from './in-flight.ts'
import type { Overlay } from './overlay.ts'
import type { PowerFailMemory } from './power-fail-memory.ts'
import { SeededRandom } from './seeded-random.ts'

export interface ExploreFailureOptions {
  /** After so many classes, at least 1, the rest is sampled. Default: none is too many. */
  readonly limit?: number
  /** How many states are sampled then. Default: as many as `limit`. */
  readonly samples?: number
  /** Of the samples: a whole number from 0 to 2^53. Default 0. */
  readonly seed?: number
  /** Told after each class which one it was: choices that lead to a state of it, and how many states it stands for. */
  readonly onClass?: (choices: readonly UnitFate[], states: bigint) => void
}

export interface FailureExploration {
  /** How often the check was run, samples not counted. No two of these runs saw the same in all that they read. */
  readonly classes: number
  /** How many states these classes stand for: all of them if it was exhaustive. Samples are not counted. */
  readonly states: bigint
  readonly samples: number
  /** Whether every state that the power failure may leave is in one of the classes. */
  readonly isExhaustive: boolean
}

/** Which version a unit is in where nobody asks, or where the choices do not say: what was durable before. */
const KEEP_OLD: Choose = () => 0

/**
 * What a power failure at one moment may leave. Nothing that happens to the storage later changes it.
 *
 * ```ts
 * storage.cut().explore((left) => {
 *   const device = runAtomic(engine.attach(left))
 *   // … what must be true of it
 * })
 * ```
 */
export class PowerFailure {
  private readonly media: Overlay
  private readonly states: FailureStates
  private readonly startUp: (aftermath: Aftermath) => PowerFailMemory

  /** For `PowerFailMemory.cut`. `startUp` makes storage that begins with what is left. */
  constructor(media: Overlay, states: FailureStates, startUp: (aftermath: Aftermath) => PowerFailMemory) {
    this.media = media
    this.states = states
    this.startUp = startUp
  }

  /** How many states it may leave: the product of the versions of each unit, also of those that are the same bytes. */
  get stateCount(): bigint {
    return this.states.stateCount
  }

  /**
   * The same for two power failures only if they may leave the same states. They need not be of one run, but of copies of one memory that no power failure had left: what lies under all of
   * them is not looked at.
   */
  fingerprint(): string {
    const hash = createHash('sha256')
    this.media.addTo(hash)
    this.states.addTo(hash)
    return hash.digest('base64')
  }

  /**
   * Runs `check` on every state that it could tell from others, and says how many states each run stood for.
   *
   * What became of a unit is decided when the check reads bytes of it that may differ; for each possible content of these bytes the check is run once,
   * from its start. A unit that nobody reads is never decided, and the run stands for all its versions. The check may do everything with the storage: write,
   * flush, and cut its power again. It must not wait, and has to do the same each time in the same state. What it throws ends the exploration and is
   * thrown; `choices` of its storage says in which state it was.
   *
   * @throws {TypeError} for options out of range, and for a check that returns a promise.
   * @throws {InvariantError} for a check that does something else in the same state.
   */
  explore(
    check: (storage: PowerFailMemory) => void,
    options: ExploreFailureOptions = {},
  ): FailureExploration {
    const { limit, samples, seed } = checkOptions(options)
    const search = new ChoiceSearch()
    let [classes, states, isExhaustive] = [0, 0n, false]
    while (!isExhaustive && classes < limit) {
      search.run((choose) => {
        const aftermath = this.states.open(this.media, [], choose)
        runCheck(check, this.startUp(aftermath))
        const count = aftermath.stateCount()
        states += count
        options.onClass?.(aftermath.fates(), count)
      })
      classes++
      isExhaustive = !search.advance()
    }
    if (isExhaustive && states !== this.stateCount)
      throw new InvariantError({}, `the classes stand for ${states} states, and there are ${this.stateCount}`)
    const sampled = isExhaustive ? 0 : samples
    for (let i = 0; i < sampled; i++) runCheck(check, this.sample(seed + i))
    return { classes, states, samples: sampled, isExhaustive }
  }

  /**
   * Storage in one of the states, which the seed picks: a whole number from 0 to 2^53. Of each unit nothing, everything, or something between is durable,
   * each about equally often.
   */
  sample(seed: number): PowerFailMemory {
    if (!Number.isSafeInteger(seed) || seed < 0) throw new TypeError(`${seed} is no seed`)
    const random = new SeededRandom(seed)
    const fates: UnitFate[] = []
    for (const { unit, versionCount } of this.states.units()) {
      const version = [0, random.below(versionCount), versionCount - 1][random.below(3)] ?? 0
      fates.push({ unit, version })
    }
    return this.startUp(this.states.open(this.media, fates, KEEP_OLD))
  }

  /**
   * Storage in the state that the choices describe: those of `PowerFailMemory.choices`. Of units that they do not name nothing is durable that was in
   * flight.
   *
   * @throws {TypeError} for choices that are not of this power failure.
   */
  state(choices: readonly UnitFate[]): PowerFailMemory {
    this.checkChoices(choices)
    return this.startUp(this.states.open(this.media, choices, KEEP_OLD))
  }

  /** The choices in words, one line each. @throws {TypeError} as `state`. */
  describe(choices: readonly UnitFate[]): string[] {
    this.checkChoices(choices)
    return choices.map((choice) => this.states.describe(choice))
  }

  private checkChoices(choices: readonly UnitFate[]): void {
    if (!Array.isArray(choices)) throw new TypeError('choices are an array')
    const seen = new Set<number>()
    for (const { unit, version } of choices) {
      const count = this.states.versionCount(unit)
      if (count === undefined) throw new TypeError(`nothing of unit ${unit} was in flight`)
      if (!Number.isSafeInteger(version) || version < 0 || version >= count)
        throw new TypeError(`unit ${unit} has versions 0 to ${count - 1}, and ${version} was chosen`)
      if (seen.has(unit)) throw new TypeError(`two choices for unit ${unit}`)
      seen.add(unit)
    }
  }
}

function checkOptions({ limit = Infinity, samples = limit, seed = 0 }: ExploreFailureOptions): {
  limit: number
  samples: number
  seed: number
} {
  const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0
  if (limit !== Infinity && !(isCount(limit) && limit > 0))
    throw new TypeError(`${limit} is no limit of classes`)
  if (samples !== Infinity && !isCount(samples)) throw new TypeError(`${samples} is no number of samples`)
  if (!isCount(seed)) throw new TypeError(`${seed} is no seed`)
  return { limit, samples, seed }
}

function runCheck(check: (storage: PowerFailMemory) => unknown, storage: PowerFailMemory): void {
  if (check(storage) instanceof Promise)
    throw new TypeError('the check must not wait, and returned a promise')
}
